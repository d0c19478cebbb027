internal import SystemIO

/// A sysfs file with one value, kept open between readings.
///
/// A driver may refuse to answer for a while (EBUSY, EPERM while the device changes its state) or forever (ENODATA,
/// EOPNOTSUPP, no file); all of these are an absent value and not an error.
final class SysfsFile {
  /// Readings skipped before a missing file is tried again.
  static let rest = 30

  private let file: PersistentFile
  private var resting = 0

  /// Creates a file without opening it.
  init(_ path: String) {
    file = PersistentFile(path)
  }

  /// Passes the current contents to `body`; nil if unreadable.
  func read<Result>(_ buffer: ReadBuffer, _ body: (Span<UInt8>) -> Result) -> Result? {
    if resting > 0 {
      resting -= 1
      return nil
    }
    if let result = file.readIfPresent(into: buffer, body) { return result }
    // An existing file that refuses may answer the next time.
    if !Files.exists(file.path) { resting = Self.rest }
    return nil
  }

  /// The number at the beginning, or NaN.
  func number(_ buffer: ReadBuffer) -> Double {
    read(buffer) { bytes in
      var position = 0
      return bytes.signed(&position).map { Double($0) } ?? .nan
    } ?? .nan
  }

  /// The number as a share of 100, or NaN.
  func percent(_ buffer: ReadBuffer) -> Double {
    let number = number(buffer)
    return number >= 0 && number <= 100 ? number / 100 : .nan
  }
}

extension Files {
  /// The hexadecimal number in a sysfs file, such as "0x1002", or nil.
  static func hexadecimal(of path: String) -> UInt64? {
    guard let line = line(of: path) else { return nil }
    return UInt64(line.hasPrefix("0x") ? line.dropFirst(2) : line[...], radix: 16)
  }

  /// The last component of a link's target, such as "amdgpu" for `driver`; nil if it is not a link.
  static func linkName(_ path: String) -> String? {
    guard let name = link(path)?.split(separator: "/").last, name != "..", name != "." else { return nil }
    return String(name)
  }
}

/// Filters of values that drivers are known to report wrongly.
enum Plausible {
  /// Converts millidegrees to °C; NaN for 0, the value of a missing sensor, and beyond the limits of silicon.
  static func celsius(milli: Double) -> Double {
    celsius(milli / 1_000)
  }

  /// Degrees Celsius; NaN for 0, for 127 to 127.9, the value of an 8-bit register without a sensor, and beyond the
  /// limits of silicon.
  static func celsius(_ degrees: Double) -> Double {
    degrees > -50 && degrees < 150 && degrees != 0 && !(degrees >= 127 && degrees < 128) ? degrees : .nan
  }

  /// Converts microwatts to watts; NaN for 0, which no running chip draws, and above 5 kW.
  static func watts(micro: Double) -> Double {
    watts(micro / 1_000_000)
  }

  /// Watts; NaN for 0, which no running chip draws, and above 5 kW.
  static func watts(_ watts: Double) -> Double {
    watts > 0 && watts < 5_000 ? watts : .nan
  }

  /// Hertz; NaN below 0 and above 50 GHz (65535 MHz is an unset register).
  ///
  /// A stopped clock is 0.
  static func hertz(_ hertz: Double) -> Double {
    hertz >= 0 && hertz < 5e10 ? hertz : .nan
  }

  /// Bytes; NaN below 0 and above 1 PiB.
  static func bytes(_ bytes: Double) -> Double {
    bytes >= 0 && bytes <= 0x1p50 ? bytes : .nan
  }

  /// A count of errors; NaN for all ones of 32 or 64 bits.
  static func count(_ count: Double) -> Double {
    count >= 0 && count < 4_294_967_295 ? count : .nan
  }

  /// Generation of a PCI Express link; NaN for 0 and beyond 16.
  static func linkGeneration(_ generation: Double) -> Double {
    generation >= 1 && generation <= 16 ? generation : .nan
  }

  /// Lanes of a PCI Express link; NaN for 0 and beyond 64.
  static func linkWidth(_ lanes: Double) -> Double {
    lanes >= 1 && lanes <= 64 ? lanes : .nan
  }

  /// Revolutions per minute; NaN for 65535, an unset register, and above 50,000.
  static func revolutions(_ speed: Double) -> Double {
    speed >= 0 && speed < 50_000 ? speed : .nan
  }
}
