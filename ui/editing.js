{
  // Edits of the report: a sentence is worded in place, a grade is chosen from its scale, a person
  // signs. The server carries out and checks; what it refuses is told where it was asked for.
  const note = document.querySelector(".rx-note");
  let quiet = 0;
  const say = (message) => {
    note.textContent = message;
    clearTimeout(quiet);
    quiet = setTimeout(() => (note.textContent = ""), 8000);
  };

  async function ask(asked) {
    // What went wrong, in a sentence; null once it is done.
    const token = document.querySelector(".rx-viewer").dataset.token;
    const response = await fetch(`study/${token}/edit`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(asked),
    }).catch(() => null);
    if (!response) return "The server can't be reached. Try again.";
    if (!response.ok) return response.text();
    const { done, said } = await response.json();
    if (!done) return said;
    say(said);
    if (asked.do !== "word" && asked.do !== "leave-out") {
      document.querySelector("#rx-pane").scrollTop = 0; // what has changed stands at the top
    }
    document.dispatchEvent(new CustomEvent("rx-changed"));
    return null;
  }

  const tell = (form, problem) => {
    const line = form.querySelector(".rx-problem");
    line.textContent = problem ?? "";
    line.hidden = !problem;
  };

  // ---- one sentence -----------------------------------------------------------------------------

  function edit(pen) {
    document.querySelector(".rx-pane-editor")?.remove();
    const said = pen.closest(".rx-said");
    const was = said.querySelector(".rx-text").textContent;
    const form = document.querySelector("#rx-editor").content.firstElementChild.cloneNode(true);
    const field = form.querySelector("textarea");
    field.value = was;
    if ("fixed" in pen.dataset) form.querySelector("[data-act=leave-out]").remove();
    const place = Number(pen.dataset.edit);
    const close = () => {
      form.remove();
      pen.focus();
    };
    const send = async (asked) => {
      const problem = await ask({ place, was, ...asked });
      if (problem === null) form.remove();
      else tell(form, problem);
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (field.value.trim() === was) close();
      else send({ do: "word", text: field.value });
    });
    form.addEventListener("click", (event) => {
      const act = event.target.closest("[data-act]")?.dataset.act;
      if (act === "leave-out") send({ do: "leave-out" });
      if (act === "cancel") close();
    });
    form.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") close();
      if (event.key === "Enter" && !event.shiftKey && event.target === field) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
    (said.closest("p, li, .rx-line") ?? said).after(form);
    field.style.height = `${field.scrollHeight + 4}px`;
    field.focus();
  }

  // ---- one grade --------------------------------------------------------------------------------

  const scale = document.querySelector("#rx-scale");
  let cell = null;
  const shut = () => {
    if (scale.hidden) return;
    scale.hidden = true;
    cell?.focus();
  };

  function choose(from) {
    cell = from;
    const { kind, place, title } = cell.dataset;
    const now = JSON.parse(cell.dataset.now);
    scale.querySelector("b").textContent = `${place}: ${title}`;
    scale.querySelector("small").textContent = `now${cell.dataset.tip.slice(cell.dataset.tip.indexOf(":"))}`;
    tell(scale, null);
    const words = { present: "yes", absent: "no" };
    scale.querySelector(".rx-values").replaceChildren(
      ...JSON.parse(cell.dataset.values).map((value) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "rx-button";
        button.textContent = words[value] ?? value;
        button.setAttribute("aria-pressed", value === now);
        button.addEventListener("click", async () => {
          if (value === now) return shut();
          const problem = await ask({ do: "propose", level: place, kind, value });
          if (problem === null) scale.hidden = true;
          else tell(scale, problem);
        });
        return button;
      }),
    );
    scale.hidden = false;
    const box = cell.getBoundingClientRect();
    const left = Math.min(box.left, window.innerWidth - scale.offsetWidth - 8);
    const below = box.bottom + 4;
    const fits = below + scale.offsetHeight < window.innerHeight;
    scale.style.left = `${Math.max(left, 8)}px`;
    scale.style.top = `${fits ? below : box.top - scale.offsetHeight - 4}px`;
    (scale.querySelector("[aria-pressed=true]") ?? scale.querySelector("button")).focus();
  }
  scale.addEventListener("keydown", (event) => {
    if (event.key === "Escape") shut();
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const buttons = [...scale.querySelectorAll("button")];
    const next = buttons.indexOf(document.activeElement) + by;
    buttons[(next + buttons.length) % buttons.length].focus();
  });

  // ---- signing ----------------------------------------------------------------------------------

  const signing = document.querySelector("#rx-sign");
  signing.addEventListener("toggle", (event) => {
    if (event.newState !== "open") return;
    const report = document.querySelector(".rx-report");
    const { passed = "0", checks = "0" } = report?.dataset ?? {};
    signing.querySelector(".rx-sign-checks").textContent =
      `${passed} of ${checks} checks passed.` +
      (passed === checks ? "" : " All have to pass before the report can be signed.");
    const notices = document.querySelector(".rx-notices")?.cloneNode(true);
    signing.querySelector(".rx-sign-notices").replaceChildren(...(notices ? [notices] : []));
    tell(signing, null);
    signing.querySelector("input").focus();
  });
  signing.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const given = Object.fromEntries(new FormData(form));
    const problem = await ask({ do: "sign", ...given });
    tell(signing, problem);
    if (problem !== null) return;
    form.reset();
    signing.hidePopover();
  });

  // ---- where it begins --------------------------------------------------------------------------

  document.addEventListener("click", async (event) => {
    const at = (selector) => event.target.closest?.(selector);
    const pen = at("[data-edit]");
    if (pen) return edit(pen);
    const grade = at(".rx-grades .rx-go[data-values]");
    if (grade) return choose(grade);
    if (!at("#rx-scale")) scale.hidden = true;
    const act = at("#rx-middle [data-do]");
    if (!act) return;
    event.preventDefault();
    const problem = await ask({ do: act.dataset.do });
    if (problem !== null) say(problem);
  });
  document.addEventListener("dblclick", (event) => {
    const pen = event.target.closest?.(".rx-said")?.querySelector("[data-edit]");
    if (pen) edit(pen);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "e" || event.ctrlKey || event.metaKey || event.altKey) return;
    const pen = event.target.closest?.(".rx-said")?.querySelector("[data-edit]");
    if (!pen) return;
    event.preventDefault();
    edit(pen);
  });
}
