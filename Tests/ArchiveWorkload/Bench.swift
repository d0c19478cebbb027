import AgentMetrics
import ArchiveTestSupport
import SystemIO

@testable import Archive

/// Days of a machine with 64 cores and 8 GPUs, written at full speed and asked questions.
struct Bench {
  let path: String
  let days: Double
  let interval: Double

  init(_ path: String, days: Double, interval: Double) {
    self.path = path
    self.days = days
    self.interval = interval
  }

  func run() throws {
    for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
    let database = try Database(path: path, mode: .readWrite)
    try ArchiveSchema.configure(database)
    try ArchiveSchema.create(in: database)
    var retention = Retention()
    retention.raw = days * 86_400
    let file = try ArchiveFile(database, interval: Int(interval), retention: retention, sizeLimit: nil)
    let count = Int(days * 86_400 / interval)
    let start = 1_790_000_000.0
    var written = 0.0
    var values = 0
    let batch = max(1, Int(10 / interval))
    var waiting: [Sample] = []
    for (index, sample) in DemoSamples(from: start, interval: interval).prefix(count).enumerated() {
      waiting.append(sample)
      if index % 1_000 == 0 {
        var inOne = 0
        for metric in Catalog.shared.metrics where metric.isSeries { metric.values(in: sample) { _, _ in inOne += 1 } }
        values += inOne * min(1_000, count - index)
      }
      guard waiting.count == batch || index == count - 1 else { continue }
      let before = Clock.threadCPU
      try file.write(waiting)
      written += Clock.threadCPU - before
      waiting = []
    }
    try database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    report(file, count: count, values: values, written: written)
    try ask()
  }

  private func report(_ file: ArchiveFile, count: Int, values: Int, written: Double) {
    func bytes(_ sql: String) -> Double { Double((try? file.database.integer(sql)) ?? 0) }
    let size = bytes("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
    let raw = bytes("SELECT sum(length(data)) FROM chunk WHERE id >> 20 IN (SELECT id FROM block WHERE tier = 0)")
    let minutes = bytes("SELECT sum(length(data)) FROM chunk WHERE id >> 20 IN (SELECT id FROM block WHERE tier = 1)")
    let quarters = bytes("SELECT sum(length(data)) FROM chunk WHERE id >> 20 IN (SELECT id FROM block WHERE tier = 2)")
    let items = bytes("SELECT sum(length(data)) FROM items")
    let journal = bytes("SELECT sum(length(data)) FROM journal")
    line("\(count) samples of \(values / max(1, count)) values, every \(interval) s for \(days) days")
    line("writing: \(rounded(written / Double(count) * 1e6)) µs of CPU a sample")
    line(
      "file: \(rounded(size / 1_048_576)) MiB; per raw value \(rounded(size / Double(values))) B, all tiers and all else included"
    )
    line(
      "raw chunks: \(rounded(raw / Double(values))) B a value; processes: \(rounded(items / Double(count))) B a sample")
    line(
      "minutes: \(rounded(minutes / 1_048_576)) MiB; quarters: \(rounded(quarters / 1_048_576)) MiB; journal: \(rounded(journal / 1_048_576)) MiB"
    )
  }

  /// Asks a file that was written before.
  func ask() throws {
    let hour: Int64 = 3_600_000
    let reader = ArchiveReader(try Database(path: path, mode: .readOnly))
    guard let now = try reader.extent(of: .raw)?.upperBound else { return }
    let table = try ArchiveReader.series(of: reader.database)
    let one = table.all.filter { table[$0]?.key.id == "cpu.usage" }
    let gpus = table.all.filter { table[$0]?.key.id == "gpus.util" }
    let all = table.all.filter { table[$0]?.key.isNumber ?? false }
    for (name, series) in [("cpu.usage", one), ("gpus.util, 8 series", gpus), ("all \(all.count) series", all)] {
      try time("last hour, raw: \(name)") {
        try reader.columns(of: series, from: now - hour, to: now, step: nil, limit: .max)?.times.count
      }
      // An hour from the middle, which no journal holds.
      let middle = now - Int64(days * 43_200_000)
      try time("an hour, raw: \(name)") {
        try reader.columns(of: series, from: middle, to: middle + hour, step: nil, limit: .max)?.times.count
      }
      try time("\(rounded(days)) days in hours: \(name)") {
        try reader.columns(of: series, from: 0, to: now, step: hour, limit: .max)?.times.count
      }
    }
    try time("an hour of samples put together") { try reader.samples(from: now - hour, to: now).count }
    try time("the ring, 720 samples, put together") {
      try reader.samples(from: now - Int64(720 * interval * 1_000), to: now).count
    }
  }

  private func time(_ name: String, _ body: () throws -> Int?) throws {
    var best = Double.infinity
    var bestCPU = Double.infinity
    var rows: Int?
    for _ in 0..<5 {
      let (start, startCPU) = (Clock.monotonic, Clock.threadCPU)
      rows = try body()
      best = min(best, Clock.monotonic - start)
      bestCPU = min(bestCPU, Clock.threadCPU - startCPU)
    }
    line("\(name): \(rounded(best * 1_000)) ms, \(rounded(bestCPU * 1_000)) ms of CPU, \(rows ?? 0) rows")
  }

  private func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

  private func line(_ text: String) { StandardStreams.write(text + "\n", to: 1) }
}
