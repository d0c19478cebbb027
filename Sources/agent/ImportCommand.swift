import AgentMetrics
import Archive
import ArgumentParser
import PrometheusExport
import Remote
import SystemIO

/// `agent import`: adds samples from text to the archive in one transaction.
struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Add samples from standard input to the --db file; no agent may be writing to it.",
    usage: "agent import --db <file> [<options>]",
    discussion: """
      It reads the output of `agent export --format json` and `--format openmetrics`. Samples of times that the file already \
      covers are skipped. If a line is invalid or the input is cut off, no sample is added.
      """)

  @OptionGroup var archiveFile: SettingOptions<ArchiveFileSettings>
  @OptionGroup var options: SettingOptions<ImportSettings>

  func run() throws {
    let path = try archiveFile.values([processEnvironment]).path()
    let format = try options.values([]).format
    let archive = try ArchiveAccess(path, for: .adding)
    defer { archive.close() }
    var unknown = 0
    var batch = ImportBatch(archive)
    try archive.transaction { () throws(ImportFailure) in
      var reader = LineReader(descriptor: 0, limit: SampleImport.maxLineLength)
      switch format {
      case .json: try SampleImport.json(&reader, into: &batch)
      case .openmetrics: unknown = try SampleImport.openMetrics(&reader, temporary: path, into: &batch)
      }
      try batch.flush()
    } failure: {
      .archive($0)
    }
    if unknown > 0 {
      StandardStreams.write(
        "agent: " + ReportText.counted(unknown, "line", "lines") + " of metrics that the agent does not know "
          + (unknown == 1 ? "was" : "were") + " left out\n", to: 2)
    }
    let leftOut = batch.leftOut == 0 ? "" : ", \(batch.leftOut) left out: the file covers their times already"
    try Output.write(ReportText.counted(batch.added, "sample", "samples") + " added\(leftOut)\n")
  }
}

/// Reason of a failed import, which adds no samples.
enum ImportFailure: UserError {
  case line(Int, String)
  case input(String)
  case archive(ArchiveFailure)

  var description: String {
    let reason =
      switch self {
      case .line(let number, let reason): "line \(number): \(reason)"
      case .input(let reason): reason
      case .archive(let failure): failure.description
      }
    return reason + "; no samples were added"
  }
}

/// Samples to add to the archive, written in batches.
struct ImportBatch {
  /// Samples, or bytes of their text, per batch.
  private static let maxCount = 128
  private static let maxBytes = 4 << 20

  private let archive: ArchiveAccess
  private var waiting: [Sample] = []
  private var bytes = 0
  private var last = Double.nan
  private var shortest = Double.infinity
  private(set) var added = 0
  private(set) var leftOut = 0

  init(_ archive: ArchiveAccess) {
    self.archive = archive
  }

  /// Adds a sample with text or values of `size` bytes.
  mutating func add(_ sample: Sample, bytes size: Int) throws(ImportFailure) {
    var sample = sample
    sample.elapsed = elapsed(at: sample.timestamp.seconds)
    waiting.append(sample)
    bytes += size
    if waiting.count >= Self.maxCount || bytes >= Self.maxBytes { try flush() }
  }

  /// Writes the pending samples.
  mutating func flush() throws(ImportFailure) {
    do throws(ArchiveFailure) {
      let count = try archive.add(waiting)
      added += count
      leftOut += waiting.count - count
    } catch {
      throw .archive(error)
    }
    waiting = []
    bytes = 0
  }

  /// The time over which a sample's rates are means, which the text lacks: the time since the sample before, unless it
  /// is so long that the agent cannot have run.
  private mutating func elapsed(at time: Double) -> Double {
    let distance = time - last
    last = time
    guard distance > 0 else { return .nan }
    shortest = min(shortest, distance)
    return distance < shortest * 1.9 ? distance : .nan
  }
}

/// The formats that can be imported.
enum SampleImport {
  /// Maximum bytes of a line; a longer one is rejected as soon as it is detected.
  static let maxLineLength = 16 << 20

  /// Adds a sample per line of `agent export --format json`.
  static func json(_ reader: inout LineReader, into batch: inout ImportBatch) throws(ImportFailure) {
    while let line = try reader.next() {
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
      guard let sample = Sample(exported: line) else {
        let hint = line.first == UInt8(ascii: "#") ? "; for OpenMetrics use --format openmetrics" : ""
        throw .line(reader.number, "not a sample as JSON (an object with \"timestamp\")\(hint)")
      }
      try batch.add(sample, bytes: line.count)
    }
  }

  /// Adds a sample per time of an OpenMetrics exposition; returns the number of lines of unknown metrics.
  ///
  /// - Parameter path: prefix of a temporary file's path.
  static func openMetrics(
    _ reader: inout LineReader, temporary path: String, into batch: inout ImportBatch
  ) throws(ImportFailure) -> Int {
    var input = OpenMetricsImport(temporary: path)
    var isEnded = false
    while let line = try reader.next() {
      if line.isEmpty { continue }
      if isEnded { throw .line(reader.number, "text after # EOF") }
      if line.elementsEqual("# EOF".utf8) {
        isEnded = true
      } else {
        do throws(OpenMetricsImport.Failure) {
          try input.add(line)
        } catch {
          throw .line(reader.number, error.description)
        }
      }
    }
    guard isEnded else {
      throw reader.number == 0 ? .input("the input is empty") : .line(reader.number, "the input ends without # EOF")
    }
    do {
      try input.eachSample { sample, count throws(ImportFailure) in try batch.add(sample, bytes: count * 32) }
    } catch let failure as ImportFailure {
      throw failure
    } catch {
      throw .input("\(error)")
    }
    return input.unknown
  }
}

extension Sample {
  /// Parses a sample written by `agent export --format json`, or nil.
  init?(exported line: ArraySlice<UInt8>) {
    guard let value = JSONValue(Array(line).span), let text = value["timestamp"]?.text,
      let timestamp = Timestamp(rfc3339: text)
    else { return nil }
    self.init(at: timestamp, from: SampleReader(value: value))
  }
}
