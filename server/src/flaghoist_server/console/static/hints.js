// Says what a button comes to before it is pressed: where `#hint` stands, while one points at it.

export function startHints() {
  document.addEventListener("pointerover", ({ target }) => hint(target));
  document.addEventListener("focusin", ({ target }) => hint(target));
}

function hint(target) {
  const line = document.getElementById("hint");
  if (!line) return;
  line.dataset.plain ??= line.textContent;
  line.textContent = target.closest("[data-hint]")?.dataset.hint ?? line.dataset.plain;
}
