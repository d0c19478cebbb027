internal import AgentMetrics
internal import SystemIO

/// The archive's file, open for writing: takes samples apart, writes them, rewrites them as blocks, and lets old ones
/// go.
///
/// Everything that it remembers is as the file has it after the last commit; where a commit fails, it is set back.
final class ArchiveFile {
  let database: Database
  private let interval: Int
  private let retention: Retention
  /// Bytes that the file may have; nil where there is no limit.
  private let sizeLimit: Int64?
  /// Rows after which a journal is rewritten; nil for what suits the tier.
  private let blockLength: Int?

  private struct State {
    var series: SeriesTable
    /// Those that a reader finds at the newest sample's time.
    var texts: [Int: String] = [:]
    /// First change of a text after the newest sample, written while the clock was ahead; nil without one.
    var nextChange: Int64?
    /// Number of the next row of each tier's journal.
    var next: [Int64]
    /// How many samples or steps each tier's journal has.
    var count: [Int]
    /// Last timestamp of each tier; nil for an empty tier.
    var last: [Int64?]
    /// End of each tier's current step; nil before its first sample.
    var step: [Int64?]
    /// By tier and series.
    var accumulators: [[Accumulator]]
    var nextBlock: Int64
  }

  private var state: State
  private var flattener: SampleFlattener

  /// Whether a block of raw samples was closed since this was last set to false.
  var hasClosedBlock = false

  /// Timestamp of the newest sample in milliseconds.
  var newest: Int64? { state.last[0] }

  /// Series that have numbers.
  var seriesCount: Int { state.series.count }

  /// Creates a writer for a file whose schema was checked.
  init(
    _ database: Database, interval: Int, retention: Retention, sizeLimit: Int64?, blockLength: Int? = nil
  ) throws(SQLiteError) {
    self.blockLength = blockLength
    self.database = database
    self.interval = interval
    self.retention = retention
    self.sizeLimit = sizeLimit
    let series = try ArchiveReader.series(of: database)
    let tiers = Tier.all.count
    state = State(
      series: series, next: Tier.all.map { ArchiveSchema.journalBase($0.number) },
      count: [Int](repeating: 0, count: tiers), last: [Int64?](repeating: nil, count: tiers),
      step: [Int64?](repeating: nil, count: tiers), accumulators: [[Accumulator]](repeating: [], count: tiers),
      nextBlock: (try database.integer("SELECT max(id) FROM block") ?? 0) + 1)
    flattener = SampleFlattener(series: series, texts: [:])
    try readJournal()
    if let newest = state.last[0] { try readTexts(at: newest) }
    try EventTable.create(in: database, now: Int64(Clock.realtime * 1_000))
    try database.run("INSERT OR REPLACE INTO meta VALUES('raw_interval', ?)", [.integer(Int64(interval))])
  }

  /// Reads the end of each tier's journal and the aggregates of its current steps.
  private func readJournal() throws(SQLiteError) {
    for tier in Tier.all {
      state.last[tier.number] = try database.integer(
        "SELECT t1 FROM block WHERE tier = ? ORDER BY id DESC LIMIT 1", [.integer(Int64(tier.number))])
    }
    var open: [JournalRow] = []
    for tier in Tier.all {
      try eachJournalRow(of: tier) { id, data in
        state.next[tier.number] = id + 1
        // Skips a damaged row; the others remain valid.
        if tier.step == 0 {
          guard let row = try? JournalRow(data) else { return }
          state.count[0] += row.times.count
          state.last[0] = row.times.last ?? state.last[0]
          open.append(row)
        } else if let row = try? RollupRow(data, wanted: []) {
          state.count[tier.number] += 1
          state.last[tier.number] = row.time
        }
      }
    }
    guard let newest = state.last[0] else { return }
    let reader = ArchiveReader(database)
    for tier in Tier.rollups where tier.isWritten(interval: interval) {
      let end = tier.end(newest)
      if let finished = state.last[tier.number], finished >= end { continue }
      for row in try reader.rawRows(from: end - tier.step + 1, to: newest, wanted: nil) {
        for slot in row.times.indices {
          accumulate(
            row.columns.lazy.compactMap { [series = state.series] column in
              guard let unit = series[column.series]?.unit else { return nil }
              return (column.series, column.precision.value(column.values[slot], factor: unit.archivedFactor))
            }, at: row.times[slot], tier)
        }
      }
    }
  }

  /// Continues from the texts that a reader finds at a time.
  private func readTexts(at time: Int64) throws(SQLiteError) {
    state.texts = try ArchiveReader.texts(of: database, at: time)
    state.nextChange = try database.integer("SELECT min(t) FROM text WHERE t > ?", [.integer(time)])
    flattener = SampleFlattener(series: state.series, texts: state.texts)
  }

  private func eachJournalRow(of tier: Tier, _ body: (Int64, [UInt8]) -> Void) throws(SQLiteError) {
    try database.run(
      "SELECT id, data FROM journal WHERE id >= ? AND id < ? ORDER BY id",
      [.integer(ArchiveSchema.journalBase(tier.number)), .integer(ArchiveSchema.journalBase(tier.number + 1))]
    ) { row in
      body(row.integer(0), row.blob(1))
      return true
    }
  }

  // MARK: Writing

  /// Writes samples, oldest first, in one transaction: all or none.
  ///
  /// - Parameter syncs: whether to wait until the disk has them, and all before.
  func write(_ samples: [Sample], syncs: Bool = false) throws(SQLiteError) {
    guard !samples.isEmpty else { return }
    if syncs {
      try database.execute("PRAGMA synchronous=FULL")
      defer { try? database.execute("PRAGMA synchronous=NORMAL") }
      return try write(samples)
    }
    let before = state
    do {
      try database.transaction(
        { () throws(SQLiteError) in
          try writeRows(samples)
          try EventTable.insert(samples, into: database)
          try closeBlocks()
        }, failure: { $0 })
    } catch {
      state = before
      flattener = SampleFlattener(series: before.series, texts: before.texts)
      throw error
    }
  }

  private func writeRows(_ samples: [Sample]) throws(SQLiteError) {
    var flats: [FlatSample] = []
    for sample in samples {
      let time = SampleFlattener.time(of: sample)
      let last = flats.last?.time ?? state.last[0]
      // After a restart within one tick, a timestamp comes twice.
      if time == last { continue }
      // Where the clock was ahead, or older samples are added, the file has texts of a later time.
      if time < last ?? .max || time >= state.nextChange ?? .max { try readTexts(at: time) }
      let flat = flattener.flatten(sample)
      state.series = flattener.series
      state.texts = flattener.texts
      for number in flattener.takeNew() {
        guard let entry = state.series[number] else { continue }
        try database.run(
          "INSERT INTO series VALUES(?,?,?,?,?,?)",
          [
            .integer(Int64(number)), .integer(entry.key.kind.rawValue), .text(entry.key.id),
            .text(entry.key.labels.netstrings), .text(entry.unit.rawValue), .integer(state.nextBlock),
          ])
      }
      for change in flat.changes {
        try database.run(
          "INSERT OR REPLACE INTO text VALUES(?,?,?)",
          [.integer(Int64(change.series)), .integer(flat.time), change.text.map(Database.SQLiteValue.text) ?? .null])
      }
      // A clock that was set back begins a new block; its time is then covered twice, and readers use the later block.
      if let last, time < last {
        try writeRaw(flats)
        flats = []
        for tier in Tier.all where state.count[tier.number] > 0 { try close(tier) }
      }
      for tier in Tier.rollups where tier.isWritten(interval: interval) {
        if let step = state.step[tier.number], step != tier.end(flat.time) { try finishStep(of: tier) }
        accumulate(flat.numbers, at: flat.time, tier)
      }
      flats.append(flat)
    }
    try writeRaw(flats)
  }

  private func writeRaw(_ flats: [FlatSample]) throws(SQLiteError) {
    guard let last = flats.last else { return }
    try appendToJournal(JournalRow(flats, series: state.series).encoded(), flats[0].time, last.time, flats.count, .raw)
    state.count[0] += flats.count
    state.last[0] = last.time
  }

  private func accumulate(_ numbers: some Sequence<(series: Int, value: Double)>, at time: Int64, _ tier: Tier) {
    state.step[tier.number] = tier.end(time)
    for (series, value) in numbers {
      guard let entry = state.series[series] else { continue }
      while state.accumulators[tier.number].count <= series { state.accumulators[tier.number].append(Accumulator()) }
      state.accumulators[tier.number][series].add(
        value, entry.unit.precision, factor: entry.unit.archivedFactor, isCounter: entry.key.kind == .counter)
    }
  }

  private func finishStep(of tier: Tier) throws(SQLiteError) {
    guard let step = state.step[tier.number] else { return }
    if let last = state.last[tier.number], step <= last, state.count[tier.number] > 0 { try close(tier) }
    var row = RollupRow(time: step)
    for (series, accumulator) in state.accumulators[tier.number].enumerated() {
      guard let entry = state.series[series],
        let cell = accumulator.cell(series, entry.unit.precision, isCounter: entry.key.kind == .counter)
      else { continue }
      row.cells.append(cell)
    }
    state.accumulators[tier.number].removeAll(keepingCapacity: true)
    state.step[tier.number] = nil
    try appendToJournal(row.encoded(), step, step, 1, tier)
    state.count[tier.number] += 1
    state.last[tier.number] = step
  }

  private func appendToJournal(
    _ bytes: [UInt8], _ first: Int64, _ last: Int64, _ count: Int, _ tier: Tier
  ) throws(SQLiteError) {
    try database.run(
      "INSERT INTO journal VALUES(?,?,?,?,?)",
      [.integer(state.next[tier.number]), .integer(first), .integer(last), .integer(Int64(count)), .blob(bytes)])
    state.next[tier.number] += 1
  }

  // MARK: Blocks

  /// Samples after which the raw journal is rewritten: a quarter of an hour's, but not so few that chunks are mostly
  /// heads, nor so many that reading one means reading a day.
  private var rawBlockLength: Int {
    min(max(900 / max(1, interval), Tier.raw.blockLength), 1_024)
  }

  private func closeBlocks() throws(SQLiteError) {
    for tier in Tier.all {
      let length = blockLength ?? (tier.step == 0 ? rawBlockLength : tier.blockLength)
      if state.count[tier.number] >= length { try close(tier) }
    }
  }

  /// Rewrites a tier's journal as a block.
  private func close(_ tier: Tier) throws(SQLiteError) {
    if tier.step == 0 {
      try closeRaw()
      hasClosedBlock = true
    } else {
      try closeRollup(tier)
    }
    try database.run(
      "DELETE FROM journal WHERE id >= ? AND id < ?",
      [.integer(ArchiveSchema.journalBase(tier.number)), .integer(ArchiveSchema.journalBase(tier.number + 1))])
    state.count[tier.number] = 0
  }

  private func closeRaw() throws(SQLiteError) {
    var rows: [JournalRow] = []
    try eachJournalRow(of: .raw) { _, data in
      if let row = try? JournalRow(data) { rows.append(row) }
    }
    let count = rows.reduce(0) { $0 + $1.times.count }
    guard count > 0 else { return }
    var columns: [Int: (Precision, [Int64])] = [:]
    var start = 0
    for row in rows {
      for column in row.columns {
        merge(column.values, column.precision, at: start, of: count, into: &columns[column.series], column.series)
      }
      start += row.times.count
    }
    let head = BlockHead(times: rows.flatMap(\.times), ranges: rows.flatMap(\.ranges))
    let block = try insertBlock(head, .raw)
    var written: [[UInt8]: Int] = [:]
    for (series, column) in columns.sorted(by: { $0.key < $1.key }) {
      try insertChunk(.values(column.0, column.1), block, series, &written)
    }
    let items = rows.flatMap(\.items)
    if items.contains(where: { !$0.isEmpty }) {
      try database.run("INSERT INTO items VALUES(?,?)", [.integer(block), .blob(ItemsBlock.encode(items))])
    }
  }

  /// Puts values into a series' column, bits where any of them are.
  private func merge(
    _ values: [Int64], _ precision: Precision, at start: Int, of count: Int, into column: inout (Precision, [Int64])?,
    _ series: Int
  ) {
    var (now, all) = column ?? (precision, [Int64](repeating: Precision.absent, count: count))
    var values = values
    if now != precision {
      let factor = state.series[series]?.unit.archivedFactor ?? 1
      if now != .bits {
        all = all.map { Self.bits($0, now, factor) }
        now = .bits
      }
      if precision != .bits { values = values.map { Self.bits($0, precision, factor) } }
    }
    all.replaceSubrange(start..<start + values.count, with: values)
    column = (now, all)
  }

  private static func bits(_ integer: Int64, _ precision: Precision, _ factor: Double) -> Int64 {
    Precision.bits.integer(precision.value(integer, factor: factor), factor: 1) ?? Precision.absent
  }

  private func closeRollup(_ tier: Tier) throws(SQLiteError) {
    var rows: [RollupRow] = []
    try eachJournalRow(of: tier) { _, data in
      if let row = try? RollupRow(data) { rows.append(row) }
    }
    guard !rows.isEmpty else { return }
    var columns: [Int: (Precision, Chunk.Rollup)] = [:]
    for (slot, row) in rows.enumerated() {
      for cell in row.cells {
        var (precision, rollup) =
          columns[cell.series] ?? (cell.precision, Chunk.Rollup(slots: rows.count, isCounter: cell.isCounter))
        var cell = cell
        let factor = state.series[cell.series]?.unit.archivedFactor ?? 1
        if cell.precision != precision {
          if precision != .bits {
            rollup.minimum = rollup.minimum.map { Self.bits($0, precision, factor) }
            rollup.maximum = rollup.maximum.map { Self.bits($0, precision, factor) }
            rollup.sums = rollup.sums.map { Self.bits($0, precision, factor) }
            precision = .bits
          }
          if cell.precision != .bits {
            cell = RollupRow.RollupCell(
              series: cell.series, precision: .bits, isCounter: cell.isCounter, count: cell.count,
              minimum: Self.bits(cell.minimum, cell.precision, factor),
              maximum: Self.bits(cell.maximum, cell.precision, factor),
              sum: Self.bits(cell.sum, cell.precision, factor))
          }
        }
        rollup.counts[slot] = cell.count
        rollup.minimum[slot] = cell.minimum
        rollup.maximum[slot] = cell.maximum
        rollup.sums[slot] = cell.sum
        columns[cell.series] = (precision, rollup)
      }
    }
    let block = try insertBlock(
      BlockHead(times: rows.map(\.time), ranges: [Int64](repeating: 0, count: rows.count)), tier)
    var written: [[UInt8]: Int] = [:]
    for (series, column) in columns.sorted(by: { $0.key < $1.key }) {
      try insertChunk(.rollup(column.0, column.1), block, series, &written)
    }
  }

  private func insertBlock(_ head: BlockHead, _ tier: Tier) throws(SQLiteError) -> Int64 {
    let block = state.nextBlock
    try database.run(
      "INSERT INTO block VALUES(?,?,?,?,?,?)",
      [
        .integer(block), .integer(Int64(tier.number)), .integer(head.times.first ?? 0), .integer(head.times.last ?? 0),
        .integer(Int64(head.times.count)), .blob(head.encoded()),
      ])
    state.nextBlock += 1
    return block
  }

  private func insertChunk(
    _ chunk: Chunk, _ block: Int64, _ series: Int, _ written: inout [[UInt8]: Int]
  ) throws(SQLiteError) {
    var bytes = chunk.encoded()
    // A machine's one disk is its total too; a reference is shorter than most chunks.
    if let same = written[bytes] {
      let reference = Chunk.same(as: same).encoded()
      if reference.count < bytes.count { bytes = reference }
    } else {
      written[bytes] = series
    }
    try database.run("INSERT INTO chunk VALUES(?,?)", [.integer(ArchiveSchema.chunk(block, series)), .blob(bytes)])
    try database.run("UPDATE series SET used = ? WHERE id = ?", [.integer(block), .integer(Int64(series))])
  }

  // MARK: Pruning

  /// Deletes data beyond the retention or the size limit, and returns the space to the filesystem.
  ///
  /// - Parameter now: POSIX time in milliseconds.
  func prune(now: Int64) throws(SQLiteError) {
    let pruner = ArchivePruner(database: database, interval: interval, retention: retention, sizeLimit: sizeLimit)
    let gone = try pruner.prune(now: now, texts: state.texts)
    guard !gone.isEmpty else { return }
    for series in gone { state.series.remove(series) }
    flattener = SampleFlattener(series: state.series, texts: state.texts)
  }

  /// Closes the archive and empties the write-ahead log.
  func close() {
    try? database.run("INSERT OR REPLACE INTO meta VALUES('clean', 1)")
    database.close()
  }
}

extension Chunk.Rollup {
  /// Of so many steps without values.
  init(slots: Int, isCounter: Bool) {
    self.isCounter = isCounter
    counts = [Int64](repeating: 0, count: slots)
    minimum = [Int64](repeating: Precision.absent, count: slots)
    maximum = minimum
    sums = minimum
  }
}
