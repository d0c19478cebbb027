import API
import AgentMetrics
import SystemIO

/// A support archive without secrets: `.tar.gz` with texts.
struct SupportBundle {
  let doctor: String
  let settings: [EffectiveSetting]
  let sample: Sample?
  let report: DaemonReport?

  /// Writes the archive, readable for its user alone.
  func write(to path: String) throws {
    var tar = TarWriter(time: Int(Clock.realtime))
    tar.add("doctor.txt", doctor)
    tar.add("settings.txt", EffectiveSetting.table(settings))
    // A sample has names of processes, but no command lines.
    if let sample { tar.add("sample.json", API.latestBody(of: sample)) }
    if let report { tar.add("status.txt", report.text) }
    do throws(SystemError) {
      try Files.replace(path, with: API.gzip(tar.finished()), mode: 0o600)
    } catch {
      throw UnavailableError(description: "--bundle: \(error)")
    }
  }
}

/// Writes a tape archive (POSIX ustar).
struct TarWriter {
  private var bytes: [UInt8] = []
  private let time: Int

  /// - Parameter time: of the files, in seconds since 1970.
  init(time: Int) {
    self.time = time
  }

  /// Adds a file below the folder `worker-agent`.
  mutating func add(_ name: String, _ text: String) {
    let content = Array(text.utf8)
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int, _ limit: Int) {
      for (index, byte) in text.utf8.prefix(limit).enumerated() { header[offset + index] = byte }
    }
    func put(octal value: Int, at offset: Int, digits: Int) {
      let text = String(max(0, value), radix: 8)
      put(String(repeating: "0", count: max(0, digits - text.count)) + text, at: offset, digits)
    }
    put("worker-agent/" + name, at: 0, 100)
    put(octal: 0o600, at: 100, digits: 7)
    put(octal: 0, at: 108, digits: 7)
    put(octal: 0, at: 116, digits: 7)
    put(octal: content.count, at: 124, digits: 11)
    put(octal: time, at: 136, digits: 11)
    put("        ", at: 148, 8)
    put("0", at: 156, 1)
    put("ustar\u{0}00", at: 257, 8)
    // The sum counts its own field as blanks.
    put(octal: header.reduce(0) { $0 + Int($1) }, at: 148, digits: 6)
    header[154] = 0
    bytes += header + content
    bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }

  /// The archive with its end.
  func finished() -> [UInt8] { bytes + [UInt8](repeating: 0, count: 1_024) }
}
