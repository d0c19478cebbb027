internal import AgentMetrics

/// Archived values as columns: a timestamp per row, a series per column.
struct ArchivedColumns: Sendable {
  struct ArchivedSeries: Sendable {
    let key: SeriesKey
    let unit: Unit
    /// In base units: the mean of a gauge, the last of a counter; NaN for a gap.
    var values: [Double]
    var minima: [Double]
    var maxima: [Double]
  }

  /// POSIX time in milliseconds, ascending.
  var times: [Int64]
  var series: [ArchivedSeries]
}

extension ArchiveReader {
  /// A piece and the rows that its slots belong to.
  private struct PieceRows {
    let tier: Tier
    let piece: Piece
    /// The row of each slot that counts; -1 for none.
    var rows: [Int]
    /// Last row that a step of a coarser tier fills, where no finer data is left.
    var lastRows: [Int]
  }

  /// Returns the columns of some series in a time range, both ends included.
  ///
  /// - Parameters:
  ///   - step: milliseconds of a step, which is named by its end; nil for a row per sample.
  ///   - most: maximum of rows × series; returns nil beyond it.
  ///   - damaged: called for each unreadable chunk.
  func columns(
    of wanted: [Int], from start: Int64, to end: Int64, step: Int64?, limit: Int,
    damaged: (DamagedBytes) -> Void = { _ in }
  ) throws(SQLiteError) -> ArchivedColumns? {
    let set = Set(wanted)
    var sources: [PieceRows] = []
    var rowTimes: [Int64] = []
    for (tier, piece) in try plan(from: start, to: end, step: step, wanted: set) {
      sources.append(PieceRows(tier: tier, piece: piece, rows: [], lastRows: []))
    }
    let interval = (try database.integer("SELECT value FROM meta WHERE name = 'raw_interval'") ?? 1) * 1_000
    // Rows first, in order of time.
    var last: (tier: Tier, time: Int64)?
    for index in sources.indices {
      let tier = sources[index].tier
      for slot in sources[index].piece.slots {
        let time = sources[index].piece.times[slot]
        let range = sources[index].piece.ranges[slot]
        if let last, isGap(after: last, to: time, tier, range) {
          appendGap(&rowTimes, last.time, time, tier, step, interval)
        }
        last = (tier, time)
        guard let step else {
          rowTimes.append(time)
          sources[index].rows.append(rowTimes.count - 1)
          sources[index].lastRows.append(rowTimes.count - 1)
          continue
        }
        // A coarser step fills every finer one in it.
        var row = Self.end(tier.step > step ? time - tier.step + 1 : time, step)
        let lastRow = Self.end(time, step)
        while row < lastRow || rowTimes.last ?? .min < row {
          if rowTimes.last ?? .min < row { rowTimes.append(row) }
          guard row < lastRow else { break }
          row += step
          if rowTimes.count > limit { return nil }
        }
        let lastIndex = rowTimes.count - 1
        let first = tier.step > step ? max(0, lastIndex - Int(tier.step / step) + 1) : lastIndex
        sources[index].rows.append(first)
        sources[index].lastRows.append(lastIndex)
      }
      if rowTimes.count > limit / max(1, wanted.count) { return nil }
    }
    // A step that is not over is called by its newest sample, since its end is yet to come.
    if step != nil, let last, let row = rowTimes.last, row > last.time { rowTimes[rowTimes.count - 1] = last.time }

    let table = try Self.series(of: database)
    var result = ArchivedColumns(times: rowTimes, series: [])
    var places: [Int: Int] = [:]
    var builders: [SeriesBuilder] = []
    for number in wanted {
      guard let entry = table[number] else { continue }
      places[number] = builders.count
      builders.append(SeriesBuilder(rows: rowTimes.count, isCounter: entry.key.kind == .counter))
      let empty: [Double] = []
      result.series.append(
        ArchivedColumns.ArchivedSeries(key: entry.key, unit: entry.unit, values: empty, minima: empty, maxima: empty))
    }
    for source in sources {
      try read(source, set, table, damaged) { number, row, lastRow, count, minimum, maximum, sum in
        guard let place = places[number] else { return }
        for row in row...lastRow { builders[place].add(row, count, minimum, maximum, sum) }
      }
    }
    for index in builders.indices { builders[index].finish(into: &result.series[index]) }
    return result
  }

  /// The end of the step that contains a time.
  private static func end(_ time: Int64, _ step: Int64) -> Int64 {
    let rest = time % step
    return rest > 0 ? time - rest + step : time - rest
  }

  private func isGap(after last: (tier: Tier, time: Int64), to time: Int64, _ tier: Tier, _ range: Int64) -> Bool {
    let covered = tier.step > 0 ? tier.step : (range == Precision.absent ? 0 : range)
    // A tick may be half a second late without a gap; no tick is between two seconds, though the first sample of an agent
    // is over less than one.
    return time - last.time > 1_000 && time - last.time > covered + max(500, covered / 2)
  }

  /// Steps without values, or one row where there are no steps; one too for a gap of centuries.
  private func appendGap(
    _ rows: inout [Int64], _ last: Int64, _ time: Int64, _ tier: Tier, _ step: Int64?, _ interval: Int64
  ) {
    guard let step else {
      rows.append(min(last + max(interval, tier.step), last + (time - last) / 2))
      return
    }
    let end = Self.end(tier.step > step ? time - tier.step + 1 : time, step)
    var row = Self.end(last, step) + step
    guard row < end else { return }
    if (end - row) / step > 100_000 {
      rows.append(row)
      return
    }
    while row < end {
      rows.append(row)
      row += step
    }
  }

  /// Chooses the pieces that answer a query, in order of time: the coarsest tier whose step divides the requested one,
  /// finer tiers after its end, and coarser tiers before its beginning.
  private func plan(
    from start: Int64, to end: Int64, step: Int64?, wanted: Set<Int>
  ) throws(SQLiteError) -> [(Tier, Piece)] {
    var best = 0
    for tier in Tier.rollups where try extent(of: tier) != nil {
      if let step, step >= tier.step, step % tier.step == 0 { best = tier.number }
    }
    // Steps begin before `start` and end after it: a step is returned whole or not.
    var result: [(Tier, Piece)] = []
    var newest = start - 1
    var oldest: Int64?
    for number in stride(from: best, through: 0, by: -1) {
      let tier = Tier.all[number]
      let pieces = try pieces(of: tier, from: newest + 1, to: end, wanted: wanted)
      for piece in pieces {
        result.append((tier, piece))
        if let last = piece.timestamps.last { newest = max(newest, last) }
        if oldest == nil, let first = piece.timestamps.first { oldest = tier.step > 0 ? first - tier.step : first - 1 }
      }
    }
    for tier in Tier.all.dropFirst(best + 1) {
      let limit = oldest ?? end
      guard start <= limit else { break }
      let pieces = try pieces(of: tier, from: start, to: limit, wanted: wanted)
      result.insert(contentsOf: pieces.map { (tier, $0) }, at: 0)
      if let first = pieces.first?.timestamps.first { oldest = first - tier.step }
    }
    return result
  }

  /// Passes the values of each series in each slot of a source.
  private func read(
    _ source: PieceRows, _ wanted: Set<Int>, _ table: SeriesTable, _ damaged: (DamagedBytes) -> Void,
    _ body: (
      _ series: Int, _ row: Int, _ lastRow: Int, _ count: Double, _ minimum: Double, _ maximum: Double, _ sum: Double
    )
      -> Void
  ) throws(SQLiteError) {
    let slots = source.piece.slots
    switch source.piece.source {
    case .samples(let row):
      for column in row.columns {
        guard let unit = table[column.series]?.unit else { continue }
        for (index, slot) in slots.enumerated() where column.values[slot] != Precision.absent {
          let value = column.precision.value(column.values[slot], factor: unit.archivedFactor)
          body(column.series, source.rows[index], source.lastRows[index], 1, value, value, value)
        }
      }
    case .step(let row):
      for cell in row.cells {
        guard let unit = table[cell.series]?.unit, let first = source.rows.first, let last = source.lastRows.first
        else { continue }
        let factor = unit.archivedFactor
        body(
          cell.series, first, last, Double(cell.count), cell.precision.value(cell.minimum, factor: factor),
          cell.precision.value(cell.maximum, factor: factor), cell.precision.value(cell.sum, factor: factor))
      }
    case .block(let block):
      for (series, chunk) in try chunks(
        of: block, count: source.piece.times.count, wanted: wanted, damaged: damaged)
      {
        guard let factor = table[series]?.unit.archivedFactor else { continue }
        switch chunk {
        case .values(let precision, let values):
          for (index, slot) in slots.enumerated() where values[slot] != Precision.absent {
            let value = precision.value(values[slot], factor: factor)
            body(series, source.rows[index], source.lastRows[index], 1, value, value, value)
          }
        case .rollup(let precision, let rollup):
          for (index, slot) in slots.enumerated() where rollup.minimum[slot] != Precision.absent {
            body(
              series, source.rows[index], source.lastRows[index], Double(rollup.counts[slot]),
              precision.value(rollup.minimum[slot], factor: factor),
              precision.value(rollup.maximum[slot], factor: factor),
              precision.value(rollup.sums[slot], factor: factor))
          }
        case .same: break
        }
      }
    }
  }

  /// One series' rows while they come together.
  private struct SeriesBuilder {
    let isCounter: Bool
    var counts: [Double]
    var values: [Double]
    var minima: [Double]
    var maxima: [Double]

    init(rows: Int, isCounter: Bool) {
      self.isCounter = isCounter
      counts = [Double](repeating: 0, count: rows)
      values = [Double](repeating: .nan, count: rows)
      minima = values
      maxima = values
    }

    mutating func add(_ row: Int, _ count: Double, _ minimum: Double, _ maximum: Double, _ sum: Double) {
      guard counts.indices.contains(row), count > 0 else { return }
      if counts[row] == 0 {
        values[row] = sum
        minima[row] = minimum
        maxima[row] = maximum
      } else {
        values[row] = isCounter ? sum : values[row] + sum
        minima[row] = min(minima[row], minimum)
        maxima[row] = max(maxima[row], maximum)
      }
      counts[row] += count
    }

    func finish(into series: inout ArchivedColumns.ArchivedSeries) {
      series.values = isCounter ? values : zip(values, counts).map { $1 > 0 ? $0 / $1 : .nan }
      series.minima = minima
      series.maxima = maxima
    }
  }
}
