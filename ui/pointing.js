{
  // Pressing evidence in the conversation or in the report shows its slice in the viewer.
  const show = (series, slice, level) => {
    const detail = { series, slice: Number(slice), level: level || null };
    document.dispatchEvent(new CustomEvent("rx-show", { detail }));
  };
  document.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest?.('a[href*="#show="]');
      if (link) {
        event.preventDefault();
        event.stopPropagation();
        show(...decodeURIComponent(link.getAttribute("href").split("#show=")[1]).split("."));
        return;
      }
      const button = event.target.closest?.(".rx-go[data-series]");
      if (!button) return;
      for (const on of document.querySelectorAll(".rx-go.rx-on")) on.classList.remove("rx-on");
      button.classList.add("rx-on");
      show(button.dataset.series, button.dataset.slice, button.dataset.level);
    },
    true,
  );
  document.addEventListener("keydown", (event) => {
    const acts = event.target.matches?.('.rx-go[role="button"]');
    if (!acts || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    event.target.click();
  });

  // Pointing at a sentence or a grade says at once how sure the models were.
  const tip = document.createElement("div");
  tip.className = "rx-tip";
  tip.setAttribute("role", "tooltip");
  document.body.append(tip);
  let about = null;
  const hide = () => {
    about = null;
    tip.classList.remove("rx-told");
  };
  const place = () => {
    const box = about.getBoundingClientRect();
    const left = Math.min(box.left, window.innerWidth - tip.offsetWidth - 8);
    const below = box.bottom + 6;
    const fits = below + tip.offsetHeight < window.innerHeight;
    tip.style.left = `${Math.max(left, 8)}px`;
    tip.style.top = `${fits ? below : box.top - tip.offsetHeight - 6}px`;
  };
  const tell = (event) => {
    about = event.target.closest?.("[data-tip]");
    if (!about) return hide();
    tip.textContent = about.dataset.tip;
    tip.classList.add("rx-told");
    place();
  };
  // Reaching a sentence by the keyboard scrolls to it, and its tip goes along.
  const scrolled = () => (about && about === document.activeElement ? place() : hide());
  document.addEventListener("mouseover", tell);
  document.addEventListener("focusin", tell);
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", scrolled, true);
}
