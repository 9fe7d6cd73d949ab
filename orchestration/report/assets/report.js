/* Draws the charts of a page, applies the reader's choices, and offers the data as a table and as CSV. */
(function () {
  "use strict";

  const ROWS_OF_A_TABLE = 500;
  const page = JSON.parse(document.getElementById("data").textContent);
  const rows = {};
  const chosen = {};
  const charts = [];

  /* A date becomes midnight of the reader's clock, as the charts label it. */
  function decode(column) {
    if (!column.distinct) return column.values;
    const distinct = column.kind !== "date" ? column.distinct : column.distinct.map((day) => {
      if (day === null) return null;
      const [year, month, date] = day.split("-").map(Number);
      return new Date(year, month - 1, date);
    });
    return column.places.map((place) => distinct[place]);
  }

  for (const [name, dataset] of Object.entries(page.datasets)) {
    const columns = Object.entries(dataset).map(([column, content]) => [column, decode(content)]);
    rows[name] = columns[0][1].map((_, place) =>
      Object.fromEntries(columns.map(([column, values]) => [column, values[place]])));
  }

  function distinct(names, column) {
    return [...new Set(names.flatMap((name) => rows[name].map((row) => row[column])))].filter((value) => value !== null);
  }

  /* Fills a form with one list for each choice, and calls `apply` when the reader chooses. */
  function offer(form, choices, names, values, apply) {
    for (const choice of choices) {
      const found = distinct(names.filter((name) => choice.column in page.datasets[name]), choice.column);
      values[choice.column] = found.includes(choice.default) ? choice.default : found[0];
      if (found.length < 2) continue;
      const label = document.createElement("label");
      const select = document.createElement("select");
      label.append(choice.label + " ", select);
      select.name = choice.column;
      for (const value of found) select.add(new Option(value, value, false, value === values[choice.column]));
      select.addEventListener("change", () => { values[choice.column] = select.value; apply(); });
      form.append(label);
    }
  }

  function selected(figure) {
    const conditions = Object.entries({ ...chosen, ...figure.values })
      .filter(([column]) => column in page.datasets[figure.dataset]);
    return rows[figure.dataset].filter((row) => conditions.every(([column, value]) => row[column] === value));
  }

  function day(date) {
    return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
  }

  function text(value) {
    if (value === null || value === undefined) return "";
    if (value instanceof Date) return day(value);
    return typeof value === "number" ? value.toLocaleString("en", { maximumFractionDigits: 4 }) : String(value);
  }

  function fillTable(figure, found) {
    const columns = Object.entries(page.datasets[figure.dataset]).map(([column, { kind }]) => [column, kind]);
    const table = document.createElement("table");
    const head = table.createTHead().insertRow();
    for (const [column, kind] of columns) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = column.replaceAll("_", " ");
      if (kind === "number") cell.className = "number";
      head.append(cell);
    }
    const body = table.createTBody();
    for (const row of found.slice(0, ROWS_OF_A_TABLE)) {
      const line = body.insertRow();
      for (const [column, kind] of columns) {
        const cell = line.insertCell();
        cell.textContent = text(row[column]);
        if (kind === "number") cell.className = "number";
      }
    }
    figure.table.replaceChildren(table);
    if (found.length > ROWS_OF_A_TABLE) {
      const note = document.createElement("p");
      note.textContent = `The first ${ROWS_OF_A_TABLE} of ${found.length} rows. The CSV file has all.`;
      figure.table.append(note);
    }
  }

  async function draw(figure) {
    const found = selected(figure);
    figure.none.hidden = found.length > 0;
    figure.plot.hidden = found.length === 0;
    if (figure.details.open) fillTable(figure, found);
    if (found.length === 0) return;
    if (figure.view) {
      await figure.view.data("table", found).runAsync();
      return;
    }
    figure.spec.config.legend.columns = figure.plot.clientWidth < 560 ? 2 : 4;
    const spec = { ...figure.spec, data: { name: "table" }, datasets: { table: found } };
    const embedded = await vegaEmbed(figure.plot, spec, { actions: false, renderer: "svg", logLevel: 1 });
    figure.plot.querySelector("svg").setAttribute("aria-hidden", "true");
    figure.view = embedded.view;
    figure.plot.dataset.drawn = "true";
  }

  /* A spreadsheet runs a text that starts with one of these characters, unless an apostrophe precedes it. */
  function field(value) {
    if (value === null) return "";
    if (value instanceof Date) return day(value);
    if (typeof value !== "string") return String(value);
    const harmless = /^[=+\-@\t\r]/.test(value) ? "'" + value : value;
    return /[",\n\r]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
  }

  function download(figure) {
    const columns = Object.keys(page.datasets[figure.dataset]);
    const lines = rows[figure.dataset].map((row) => columns.map((column) => field(row[column])).join(","));
    const csv = [columns.join(","), ...lines].join("\n") + "\n";
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv], { type: "text/csv" }));
    link.download = `${figure.dataset}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  document.querySelectorAll("figure.chart").forEach((element) => {
    const figure = { ...page.figures[Number(element.dataset.figure)], values: {} };
    figure.plot = element.querySelector(".plot");
    figure.none = element.querySelector(".none");
    figure.details = element.querySelector("details");
    figure.table = element.querySelector(".scroll");
    offer(element.querySelector("form"), figure.choices, [figure.dataset], figure.values, () => draw(figure));
    figure.details.addEventListener("toggle", () => fillTable(figure, selected(figure)));
    element.querySelector(".download").addEventListener("click", () => download(figure));
    charts.push(figure);
  });

  const form = document.getElementById("choices");
  if (form) offer(form, page.choices, Object.keys(page.datasets), chosen, () => charts.forEach(draw));

  (async function () {
    for (const figure of charts) {
      await draw(figure);
      await new Promise((done) => setTimeout(done));
    }
    document.body.dataset.ready = "true";
  })();
})();
