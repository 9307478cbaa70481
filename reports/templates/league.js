"use strict";
// Each head becomes a button that sorts its table: numbers from the largest, names from A; again, the other way.
for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  const said = document.getElementById(`${table.id}-sorted`);
  heads.forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const isNumber = head.dataset.kind === "number";
      const before = head.getAttribute("aria-sort");
      const down = before ? before === "ascending" : isNumber;
      const rows = [...body.rows], of = (row) => row.cells[at].dataset.value;
      rows.sort((a, b) => {
        const [one, two] = [of(a), of(b)];
        if (one === undefined || two === undefined) return (one === undefined) - (two === undefined);
        const order = isNumber ? one - two : one.localeCompare(two, "en");
        return down ? -order : order;
      });
      body.append(...rows);
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      said.textContent = `Sorted by ${button.textContent.trim()}, ${down ? "descending" : "ascending"}.`;
    });
  });
}
