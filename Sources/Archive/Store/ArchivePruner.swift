/// Deletes old data of an archive: blocks beyond the retention or the size limit, and series without data.
struct ArchivePruner {
  let database: Database
  let interval: Int
  let retention: Retention
  /// Bytes that the file may have; nil where there is no limit.
  let sizeLimit: Int64?

  /// Deletes data beyond the retention or the size limit, and returns the space to the filesystem.
  ///
  /// - Parameters:
  ///   - now: POSIX time in milliseconds.
  ///   - texts: current texts by series, which are kept.
  /// - Returns: series that were deleted.
  func prune(now: Int64, texts: [Int: String]) throws(SQLiteError) -> [Int] {
    for tier in Tier.all {
      let limit = now - retention.milliseconds(of: tier, interval: interval)
      // One block at a time, so that a reader and the next sample wait for little.
      while let block = try database.integer(
        "SELECT id FROM block WHERE tier = ? AND t1 < ? ORDER BY id LIMIT 1",
        [.integer(Int64(tier.number)), .integer(limit)])
      {
        try drop(block)
      }
    }
    if let sizeLimit {
      while try usedBytes() > sizeLimit, let block = try maxExpendable(now: now) { try drop(block) }
    }
    let longest = Tier.all.map { retention.milliseconds(of: $0, interval: interval) }.max() ?? 0
    try EventTable.prune(before: now - longest, sizeLimit: sizeLimit, in: database)
    let gone = try deleteUnusedSeries(current: texts)
    // Each step frees one page; the statement has to be run to its end.
    try database.run("PRAGMA incremental_vacuum")
    return gone
  }

  private func drop(_ block: Int64) throws(SQLiteError) {
    try database.transaction(
      { () throws(SQLiteError) in
        try database.run(
          "DELETE FROM chunk WHERE id >= ? AND id < ?",
          [.integer(ArchiveSchema.chunk(block, 0)), .integer(ArchiveSchema.chunk(block + 1, 0))])
        try database.run("DELETE FROM items WHERE block = ?", [.integer(block)])
        try database.run("DELETE FROM block WHERE id = ?", [.integer(block)])
      }, failure: { $0 })
  }

  /// Bytes of pages in use; those that are free will be given back or filled.
  private func usedBytes() throws(SQLiteError) -> Int64 {
    let pages = try database.integer("PRAGMA page_count") ?? 0
    let free = try database.integer("PRAGMA freelist_count") ?? 0
    return (pages - free) * (try database.integer("PRAGMA page_size") ?? 4_096)
  }

  /// The oldest block of the tier that is nearest to its end of life, so that where room is short all tiers grow
  /// shorter in proportion.
  private func maxExpendable(now: Int64) throws(SQLiteError) -> Int64? {
    var best: (share: Double, block: Int64)?
    for tier in Tier.all {
      try database.run("SELECT id, t0 FROM block WHERE tier = ? ORDER BY id LIMIT 1", [.integer(Int64(tier.number))]) {
        row in
        let age = Double(now - row.integer(1))
        let share = age / Double(max(1, retention.milliseconds(of: tier, interval: interval)))
        if share > best?.share ?? -.infinity { best = (share, row.integer(0)) }
        return false
      }
    }
    return best?.block
  }

  /// Deletes series without data, and text changes from before the oldest data.
  private func deleteUnusedSeries(current: [Int: String]) throws(SQLiteError) -> [Int] {
    // Where the clock was ahead, rows of the journal are older than the blocks.
    guard let oldest = try database.integer("SELECT min(id) FROM block"),
      let start = try database.integer("SELECT min(t0) FROM (SELECT t0 FROM block UNION ALL SELECT t0 FROM journal)")
    else { return [] }
    var gone: [Int] = []
    try database.run("SELECT id FROM series WHERE used < ? AND kind IN (0, 1, 5)", [.integer(oldest)]) { row in
      gone.append(Int(row.integer(0)))
      return true
    }
    // Those in the journal are not in a block yet, and have been used all the same.
    let inJournal = try ArchiveReader(database).journalSeries()
    gone.removeAll { inJournal.contains($0) }
    try database.transaction(
      { () throws(SQLiteError) in
        for series in gone { try database.run("DELETE FROM series WHERE id = ?", [.integer(Int64(series))]) }
        try database.run(
          """
          DELETE FROM text WHERE t < (SELECT max(t) FROM text AS later WHERE later.series = text.series AND later.t <= ?)
          """, [.integer(start)])
        try database.run("DELETE FROM text WHERE value IS NULL AND t < ?", [.integer(start)])
        var ended: [Int64] = []
        try database.run("SELECT id FROM series WHERE kind IN (2, 3, 4) AND id NOT IN (SELECT series FROM text)") {
          row in
          if current[Int(row.integer(0))] == nil { ended.append(row.integer(0)) }
          return true
        }
        for series in ended { try database.run("DELETE FROM series WHERE id = ?", [.integer(series)]) }
        gone += ended.map(Int.init)
      }, failure: { $0 })
    return gone
  }
}
