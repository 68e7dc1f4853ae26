// The chart of a part's level: steps, a dot per event, the minimum as a dashed line. The ledger has the same as a table.
(function () {
  "use strict";
  const place = document.getElementById("level-chart");
  const source = document.getElementById("level-data");
  if (!place || !source || typeof uPlot === "undefined") return;
  const data = JSON.parse(source.textContent);
  const words = place.dataset;
  const height = 230;
  let chart = null;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const number = new Intl.NumberFormat(words.language, { maximumFractionDigits: 6 });
  // The clock of the pages has 24 hours in every language.
  const written = (parts) => new Intl.DateTimeFormat(words.language, { hourCycle: "h23", timeZone: data.zone, ...parts });
  const moment = written({ dateStyle: "medium", timeStyle: "short" });
  const clock = written({ hour: "2-digit", minute: "2-digit" });
  const day = written({ day: "numeric", month: "short" });
  const month = written({ month: "short", year: "numeric" });

  // Ticks of hours say their day where it begins; ticks of months their year.
  function marks(self, ticks, axis, space, step) {
    if (step >= 28 * 86400) return ticks.map((tick) => month.format(tick * 1000));
    let before = "";
    return ticks.map((tick) => {
      const today = day.format(tick * 1000);
      const text = step >= 86400 ? today : clock.format(tick * 1000) + (today === before ? "" : "\n" + today);
      before = today;
      return text;
    });
  }

  function options(width) {
    const quiet = colour("--quiet"), line = colour("--line"), ink = colour("--progress-mark"), warn = colour("--warn-mark");
    const axis = { stroke: quiet, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "12px system-ui, sans-serif" };
    const series = [
      { label: words.time, value: (self, seconds) => (seconds === null ? "–" : moment.format(seconds * 1000)) },
      {
        label: words.level, stroke: ink, width: 2, paths: uPlot.paths.stepped({ align: 1 }),
        points: { show: true, size: 6, fill: ink, stroke: ink },
        value: (self, level, at, index) => (level === null ? "–" : number.format(level) + (index === null ? "" : " · " + data.words[index])),
      },
    ];
    if (data.minimum !== null) {
      series.push({ label: words.minimum, stroke: warn, width: 1.5, dash: [6, 4], points: { show: false }, value: (self, level) => (level === null ? "–" : number.format(level)) });
    }
    return {
      width, height, series,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), data.zone),
      axes: [{ ...axis, space: 70, values: marks }, { ...axis, size: 52, values: (self, ticks) => ticks.map((tick) => number.format(tick)) }],
      scales: { y: { range: (self, low, high) => [Math.min(0, low), Math.max(high, data.minimum || 0, 1) * 1.05] } },
      cursor: { points: { size: 9 } },
    };
  }

  function draw() {
    const width = place.clientWidth;
    if (!width) return;
    if (chart) chart.destroy();
    const columns = [data.times, data.levels];
    if (data.minimum !== null) columns.push(data.times.map(() => data.minimum));
    chart = new uPlot(options(width), columns, place);
  }

  draw();
  new ResizeObserver(() => { if (chart && chart.width !== place.clientWidth) chart.setSize({ width: place.clientWidth, height }); }).observe(place);
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme", "data-theme"] });
})();
