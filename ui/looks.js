{
  // Dark or light, kept in this browser alone; the sheet of keys; menus that close by themselves.
  const KEY = "radixgpt-look";
  const button = document.querySelector(".rx-look");
  const stored = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // a browser that keeps nothing still shows the page
    }
  };
  const wear = (dark) => {
    document.body.classList.toggle("dark", dark);
    button.setAttribute("aria-pressed", dark);
    button.textContent = dark ? "Light" : "Dark";
  };
  const look = stored();
  wear(look ? look === "dark" : document.body.classList.contains("dark"));
  button.addEventListener("click", () => {
    const dark = !document.body.classList.contains("dark");
    wear(dark);
    try {
      localStorage.setItem(KEY, dark ? "dark" : "light");
    } catch {
      // Then it holds for this tab.
    }
  });

  const keys = document.querySelector("#rx-keys");
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable=true]");
    if (event.key === "?" && !typing) keys.togglePopover();
    if (event.key === "/" && !typing) {
      event.preventDefault();
      document.querySelector("#rx-box textarea")?.focus();
    }
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll(".rx-menu[open]")) menu.open = false;
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll(".rx-menu[open]")) {
      if (!menu.contains(event.target) || event.target.closest("a")) menu.open = false;
    }
  });
}
