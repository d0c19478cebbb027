// Columns over one axis of time: what charts draw.

// The first index whose time is not before `time`.
export function lowerBound(times, length, time) {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

// As exact as a sample's own values: rounded for display, both have to give one text.
const column = (capacity) => new Float64Array(capacity).fill(NaN);

// Times in order, and the values of each series at them: a mean, and minimum and maximum where a point is an interval.
// Unknown values are NaN.
export class Columns {
  constructor(capacity = 64) {
    this.length = 0;
    this.times = new Float64Array(capacity);
    this.mean = new Map();
    this.min = new Map();
    this.max = new Map();
  }

  // From the answer of /metrics/history with `metrics=`.
  static from(answer) {
    const columns = new Columns(Math.max(1, answer.timestamps.length));
    columns.length = answer.timestamps.length;
    columns.times.set(answer.timestamps);
    for (const [map, source] of [[columns.mean, answer.series], [columns.min, answer.min], [columns.max, answer.max]]) {
      for (const [key, values] of Object.entries(source ?? {})) {
        const array = column(columns.times.length);
        for (let index = 0; index < values.length; index += 1) if (values[index] !== null) array[index] = values[index];
        map.set(key, array);
      }
    }
    return columns;
  }

  get first() { return this.length > 0 ? this.times[0] : NaN; }
  get last() { return this.length > 0 ? this.times[this.length - 1] : NaN; }

  // Appends a point later than all others.
  append(time, values) {
    if (this.length === this.times.length) {
      const times = new Float64Array(this.length * 2);
      times.set(this.times);
      this.times = times;
      for (const map of [this.mean, this.min, this.max]) {
        for (const [key, array] of map) {
          map.set(key, column(times.length));
          map.get(key).set(array);
        }
      }
    }
    const index = this.length;
    this.times[index] = time;
    this.length += 1;
    for (const [key, value] of values) this.series(key)[index] = value;
  }

  // The means of a series, created where it is missing.
  series(key) {
    if (!this.mean.has(key)) this.mean.set(key, column(this.times.length));
    return this.mean.get(key);
  }

  // The series of an id with labels, in the order in which they came.
  keys(id) { return [...this.mean.keys()].filter((key) => key[id.length] === '{' && key.startsWith(id)); }

  // The part of it in [from, to).
  slice(from, to) {
    const start = lowerBound(this.times, this.length, from);
    const end = Math.max(start, lowerBound(this.times, this.length, to));
    const part = new Columns(Math.max(1, end - start));
    part.length = end - start;
    part.times.set(this.times.subarray(start, end));
    for (const name of ['mean', 'min', 'max']) {
      for (const [key, array] of this[name]) {
        const values = column(part.times.length);
        values.set(array.subarray(start, end));
        part[name].set(key, values);
      }
    }
    return part;
  }

  // Merges both; at the same time, `this` wins.
  merged(other) {
    if (other.length === 0) return this;
    if (this.length === 0) return other;
    const result = new Columns(this.length + other.length);
    // The index of each point in either of the two.
    const fromThis = new Int32Array(result.times.length).fill(-1);
    const fromOther = new Int32Array(result.times.length).fill(-1);
    let [a, b, n] = [0, 0, 0];
    while (a < this.length || b < other.length) {
      const [x, y] = [a < this.length ? this.times[a] : Infinity, b < other.length ? other.times[b] : Infinity];
      result.times[n] = Math.min(x, y);
      if (x <= y) fromThis[n] = a++;
      if (y <= x) fromOther[n] = b++;
      n += 1;
    }
    result.length = n;
    for (const name of ['mean', 'min', 'max']) {
      for (const key of new Set([...this[name].keys(), ...other[name].keys()])) {
        const values = column(result.times.length);
        const [mine, theirs] = [this, other].map((side) => side[name].get(key) ?? (name === 'mean' ? null : side.mean.get(key)));
        for (let index = 0; index < n; index += 1) {
          if (mine && fromThis[index] >= 0) values[index] = mine[fromThis[index]];
          else if (theirs && fromOther[index] >= 0) values[index] = theirs[fromOther[index]];
        }
        result[name].set(key, values);
      }
    }
    return result;
  }

  // Coarser: one point for each `step` seconds, at the step's end.
  stepped(step) {
    const result = new Columns(this.length);
    const ends = [];
    for (let index = 0; index < this.length;) {
      const end = Math.ceil(this.times[index] / step) * step;
      let next = index + 1;
      while (next < this.length && this.times[next] <= end) next += 1;
      result.times[ends.length] = end;
      ends.push(next);
      index = next;
    }
    result.length = ends.length;
    for (const [key, mean] of this.mean) {
      const [low, high] = [this.min.get(key) ?? mean, this.max.get(key) ?? mean];
      const [means, mins, maxs] = [column(this.length), column(this.length), column(this.length)];
      let index = 0;
      ends.forEach((end, place) => {
        let [sum, count, least, most] = [0, 0, Infinity, -Infinity];
        for (; index < end; index += 1) {
          if (Number.isNaN(mean[index])) continue;
          sum += mean[index];
          count += 1;
          least = Math.min(least, low[index]);
          most = Math.max(most, high[index]);
        }
        if (count > 0) [means[place], mins[place], maxs[place]] = [sum / count, least, most];
      });
      result.mean.set(key, means);
      result.min.set(key, mins);
      result.max.set(key, maxs);
    }
    return result;
  }
}
