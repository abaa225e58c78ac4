// Opening a study. Files go to this tab's desk under
// neutral names: a file's own name may hold a patient's.

const suffix = (name) => {
  const match = name.toLowerCase().match(/(\.nii)?\.[a-z0-9]{1,8}$/);
  return match ? match[0] : "";
};

let early = null;
let batches = 0;
async function send(files, told = "opened", more = {}) {
  const note = document.querySelector(".rx-note");
  if (!files.length) return;
  if (!view.token) {
    // Chosen before the server has given this tab a desk: sent as soon as it has.
    note.textContent = "One moment";
    early = files;
    return;
  }
  const batch = ++batches;
  let done = 0;
  let failed = null;
  const queue = [...files].sort((a, b) =>
    (a.webkitRelativePath || a.name).localeCompare(b.webkitRelativePath || b.name),
  );
  const total = queue.length;
  const names = new Map(queue.map((file, index) => [file, `${index + 1}${suffix(file.name)}`]));
  const worker = async () => {
    for (let file = queue.shift(); file && !failed; file = queue.shift()) {
      const response = await fetch(`study/${view.token}/upload/${batch}/${names.get(file)}`, {
        method: "PUT",
        body: file,
      }).catch(() => null);
      if (!response?.ok) {
        failed = response ? await response.text() : "The server can't be reached. Try again.";
        return;
      }
      done += 1;
      note.textContent = `Sending ${done} of ${total}`;
    }
  };
  note.textContent = `Sending ${total === 1 ? "the file" : `${total} files`}`;
  await Promise.all([worker(), worker(), worker()]);
  note.textContent = failed ?? "";
  if (!failed) trigger(told, { ...more, batch });
}

document.addEventListener("change", (event) => {
  const prior = event.target.matches?.(".rx-prior-file");
  if (!prior && !event.target.matches?.(".rx-file")) return;
  const files = [...event.target.files];
  event.target.value = "";
  event.target.closest("details")?.removeAttribute("open");
  if (prior) send(files, "prior", { same: document.querySelector(".rx-same").checked });
  else send(files);
});

async function dropped(items) {
  // A dropped folder gives its files through the entries, a hundred at a time.
  const files = [];
  const walk = async (entry) => {
    if (entry.isFile) {
      files.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    } else if (entry.isDirectory) {
      const reader = entry.createReader();
      for (;;) {
        const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
        if (!batch.length) break;
        for (const child of batch) await walk(child);
      }
    }
  };
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
  for (const entry of entries) await walk(entry);
  return files;
}
for (const kind of ["dragenter", "dragover"]) {
  planes[0].stage.addEventListener(kind, (event) => {
    event.preventDefault();
    planes[0].stage.classList.add("rx-over");
  });
}
planes[0].stage.addEventListener("dragleave", () => planes[0].stage.classList.remove("rx-over"));
planes[0].stage.addEventListener("drop", async (event) => {
  event.preventDefault();
  planes[0].stage.classList.remove("rx-over");
  send(await dropped(event.dataTransfer.items));
});
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-example]");
  if (!button) return;
  button.closest("details")?.removeAttribute("open");
  trigger("example", { name: button.dataset.example });
});

function receive() {
  if (!props.value) return;
  take(props.value);
  one(".rx-viewer").dataset.token = view.token;
  one(".rx-viewer").dataset.ready = "true";
  const files = early;
  early = null;
  if (files) send(files);
}
watch("value", receive);
receive();
