for (const place of document.querySelectorAll(".filtered")) {
  const rows = [...place.querySelectorAll("tbody tr")];
  if (rows.length < 6) continue;
  const bar = document.createElement("div");
  bar.className = "filter";
  const label = document.createElement("label");
  label.textContent = `Filter ${place.dataset.what} `;
  const box = document.createElement("input");
  box.type = "search";
  label.append(box);
  const count = document.createElement("span");
  count.setAttribute("role", "status");
  bar.append(label, count);
  place.before(bar);
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const show = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, i) => {
      row.hidden = !words.every((word) => texts[i].includes(word));
      shown += row.hidden ? 0 : 1;
    });
    count.textContent = words.length ? `${shown} of ${rows.length}` : `${rows.length}`;
  };
  box.addEventListener("input", show);
  show();
}
