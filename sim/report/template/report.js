'use strict';
// The values under the pointer, read from what is drawn: every x is in thousandths of the plot.
(function () {
  const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
  const two = (n) => String(n).padStart(2, '0');

  function time(ms, span) {
    const d = new Date(ms);
    const day = span > 86400 ? days[d.getUTCDay()] + ' ' + d.getUTCDate() + ', ' : '';
    return day + two(d.getUTCHours()) + ':' + two(d.getUTCMinutes()) + (span < 7200 ? ':' + two(d.getUTCSeconds()) : '');
  }

  function points(path) {
    const numbers = (path.getAttribute('d').match(/-?[\d.]+/g) || []).map(Number);
    const xs = [], ys = [];
    for (let i = 0; i + 1 < numbers.length; i += 2) {
      xs.push(numbers[i]);
      ys.push(numbers[i + 1]);
    }
    return { xs, ys };
  }

  function lineReader(path) {
    const min = Number(path.dataset.min), max = Number(path.dataset.max);
    const digits = max - min >= 50 ? 0 : max - min >= 2 ? 1 : 2;
    let p = null;
    return function (x) {
      p = p || points(path);
      if (p.xs.length === 0) return '';
      let low = 0, high = p.xs.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (p.xs[middle] < x) low = middle + 1; else high = middle;
      }
      let y = p.ys[low];
      if (low > 0 && p.xs[low] > p.xs[low - 1])
        y += (p.ys[low - 1] - y) * (p.xs[low] - Math.min(x, p.xs[low])) / (p.xs[low] - p.xs[low - 1]);
      return (max - y / 100 * (max - min)).toFixed(digits);
    };
  }

  function bandReader(svg) {
    let spans = null;
    function read() {
      spans = [];
      svg.querySelectorAll('path.state').forEach(function (path) {
        for (const m of path.getAttribute('d').matchAll(/M([\d.]+) 0h([\d.]+)/g))
          spans.push({ from: Number(m[1]), to: Number(m[1]) + Number(m[2]), name: path.dataset.name });
      });
    }
    return function (x) {
      if (!spans) read();
      const found = spans.filter((s) => s.from <= x && x <= s.to);
      found.sort((a, b) => (a.to - a.from) - (b.to - b.from));
      return found.length > 0 ? found[0].name : '';
    };
  }

  document.querySelectorAll('figure.car').forEach(function (figure) {
    const start = Number(figure.dataset.start), span = Number(figure.dataset.span);
    const panels = figure.querySelector('.panels'), cursor = figure.querySelector('.cursor');
    const when = figure.querySelector('.when'), first = figure.querySelector('.plot svg');
    const readers = [];
    figure.querySelectorAll('.panel').forEach(function (panel) {
      const outputs = panel.querySelectorAll('output');
      if (panel.classList.contains('band')) {
        readers.push([outputs[0], bandReader(panel.querySelector('svg'))]);
        return;
      }
      panel.querySelectorAll('path.line').forEach(function (path, i) {
        readers.push([outputs[i], lineReader(path)]);
      });
    });
    panels.addEventListener('pointermove', function (event) {
      const box = first.getBoundingClientRect();
      const at = (event.clientX - box.left) / box.width;
      if (at < 0 || at > 1) return leave();
      cursor.style.display = 'block';
      cursor.style.left = event.clientX - panels.getBoundingClientRect().left + 'px';
      when.textContent = time(start + at * span * 1000, span);
      readers.forEach(function (r) { r[0].textContent = r[1](at * 1000); });
    });
    function leave() {
      cursor.style.display = 'none';
      when.textContent = '';
      readers.forEach(function (r) { r[0].textContent = ''; });
    }
    panels.addEventListener('pointerleave', leave);
  });
})();

// A load over time: each value is a number beside the drawing, one for each column.
(function () {
  const two = (n) => String(n).padStart(2, '0');
  const digits = (v) => v.toFixed(v >= 100 || v === 0 ? 0 : v >= 10 ? 1 : 2);
  const space = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, '\u202f');

  function duration(us) {
    return us >= 1e6 ? digits(us / 1e6) + ' s' : us >= 1000 ? digits(us / 1000) + ' ms' : digits(us) + ' \u00b5s';
  }

  const units = {
    cars: (v) => space(v.toFixed(0)),
    rate: (v) => (v >= 100 ? space(v.toFixed(0)) : v.toFixed(1)) + ' /s',
    usec: duration,
    percent: (v) => digits(v) + ' %',
    mib: (v) => digits(v) + ' MiB',
  };

  function elapsed(seconds) {
    const s = Math.floor(seconds), hours = Math.floor(s / 3600), minutes = Math.floor(s / 60) % 60;
    return hours > 0 ? hours + ':' + two(minutes) + ':' + two(s % 60) : minutes + ':' + two(s % 60);
  }

  // Cells are told where they are: "12:5 8": five samples in row 12, eight in the row above it.
  function cellReader(svg) {
    const rows = Number(svg.dataset.rows), min = Number(svg.dataset.min), max = Number(svg.dataset.max);
    const columns = svg.dataset.cells.split(';');
    const edge = (row) => duration(10 ** (min + (max - min) * row / rows));
    return function (column, y) {
      const row = Math.floor((1 - y) * rows), cells = (columns[column] || '').split(':');
      if (row < 0 || row >= rows) return '';
      const count = cells.length < 2 ? 0 : Number(cells[1].split(' ')[row - Number(cells[0])] || 0);
      return edge(row) + ' \u2013 ' + edge(row + 1) + ': ' + space(count);
    };
  }

  document.querySelectorAll('figure.fleet').forEach(function (figure) {
    const span = Number(figure.dataset.seconds), step = Number(figure.dataset.step);
    const panels = figure.querySelector('.panels'), cursor = figure.querySelector('.cursor');
    const when = figure.querySelector('.when'), first = figure.querySelector('.plot');
    if (!first) return;
    const outputs = Array.from(figure.querySelectorAll('output[data-v]'), function (output) {
      return { output, text: output.textContent, unit: units[output.dataset.unit], values: output.dataset.v.split(' ') };
    });
    const heats = Array.from(figure.querySelectorAll('.heatmap'), function (panel) {
      const svg = panel.querySelector('.cells');
      return { svg, output: panel.querySelector('.cell'), read: cellReader(svg) };
    });
    function leave() {
      cursor.style.display = 'none';
      when.textContent = '';
      outputs.forEach((o) => { o.output.textContent = o.text; });
      heats.forEach((h) => { h.output.textContent = ''; });
    }
    panels.addEventListener('pointermove', function (event) {
      const box = first.getBoundingClientRect();
      const at = (event.clientX - box.left) / box.width;
      if (at < 0 || at >= 1) return leave();
      const column = Math.floor(at * span / step);
      cursor.style.display = 'block';
      cursor.style.left = event.clientX - panels.getBoundingClientRect().left + 'px';
      when.textContent = elapsed(column * step) + (step > 1 ? ' \u2013 ' + elapsed(Math.min((column + 1) * step, span)) : '');
      outputs.forEach(function (o) {
        const value = o.values[column];
        o.output.textContent = value === undefined || value === '-' ? '\u2013' : o.unit(Number(value));
      });
      heats.forEach(function (h) {
        const area = h.svg.getBoundingClientRect();
        const y = (event.clientY - area.top) / area.height;
        h.output.textContent = y >= 0 && y < 1 ? h.read(column, y) : '';
      });
    });
    panels.addEventListener('pointerleave', leave);
  });
})();

// The lines of a story: all of them, without acknowledgements, or what stands out; and all details at once.
(function () {
  const filters = [
    ['all', () => true],
    ['without acknowledgements', (row) => !row.classList.contains('quiet')],
    ['what stands out', (row) => row.classList.contains('odd') || row.classList.contains('bad')],
  ];

  document.querySelectorAll('.lines').forEach(function (lines) {
    const bar = document.createElement('div'), buttons = [];
    bar.className = 'filters';
    function button(name, press) {
      const b = document.createElement('button');
      b.type = 'button';
      b.textContent = name;
      b.addEventListener('click', () => press(b));
      bar.append(b);
      return b;
    }
    filters.forEach(function (filter) {
      buttons.push(button(filter[0], function (pressed) {
        lines.querySelectorAll('tr').forEach((row) => { row.hidden = !filter[1](row); });
        buttons.forEach((b) => b.setAttribute('aria-pressed', String(b === pressed)));
      }));
    });
    buttons[0].setAttribute('aria-pressed', 'true');
    button('open all', function (b) {
      const open = b.textContent === 'open all';
      lines.querySelectorAll('td > details').forEach((d) => { d.open = open; });
      b.textContent = open ? 'close all' : 'open all';
    });
    lines.querySelector('summary').after(bar);
  });
})();
