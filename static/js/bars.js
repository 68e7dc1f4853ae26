// Bars per week: drawn by uPlot from the data beside the chart, in the colours of the page's theme.
(function () {
  "use strict";
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function draw(box) {
    const data = JSON.parse(document.getElementById(box.dataset.bars).textContent);
    const language = document.documentElement.lang;
    const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" });
    const number = new Intl.NumberFormat(language);
    const count = data.series.length;
    const axis = { stroke: colour("--quiet"), font: "12px system-ui, sans-serif", grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const week = 7 * 86400;
    box.textContent = "";
    return new window.uPlot({
      width: box.clientWidth,
      height: 220,
      legend: { show: false },
      cursor: { show: false },
      tzDate: (seconds) => new Date(seconds * 1000),
      scales: {
        x: { time: true, range: (u, low, high) => [low - week / 2, high + week / 2] },
        y: { range: (u, low, high) => [0, Math.max(1, Math.ceil(high * 1.1))] },
      },
      axes: [
        { ...axis, size: 32, grid: { show: false }, splits: () => { const step = Math.ceil(data.x.length / Math.max(2, Math.floor(box.clientWidth / 80))); return data.x.filter((_, at) => at % step === 0); }, values: (u, moments) => moments.map((moment) => day.format(moment * 1000)) },
        { ...axis, size: 48, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000], values: (u, values) => values.map((value) => number.format(value)) },
      ],
      series: [
        {},
        ...data.series.map((series, at) => ({
          label: series.label,
          fill: colour("--" + series.state + "-mark"),
          width: 0,
          points: { show: false },
          paths: window.uPlot.paths.bars({ size: [0.8 / count, 28], align: count === 2 ? (at === 0 ? -1 : 1) : 0 }),
        })),
      ],
    }, [data.x, ...data.series.map((series) => series.values)], box);
  }

  function drawAll() {
    document.querySelectorAll("[data-bars]").forEach((box) => {
      if (box.chart) box.chart.destroy();
      box.chart = draw(box);
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    drawAll();
    let waiting = 0;
    window.addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(drawAll, 150); });
    new MutationObserver(drawAll).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
  });
})();
