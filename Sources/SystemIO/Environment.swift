internal import CSystemIO

/// Environment of the program.
package enum Environment {
  /// Value of a variable; nil if it is not set.
  package static func value(of name: String) -> String? {
    var bytes = [CChar](repeating: 0, count: 1_024)
    var length = Int(csystemio_environment(name, &bytes, Int64(bytes.count)))
    if length >= bytes.count - 1 {
      bytes = [CChar](repeating: 0, count: 1 << 17)
      length = min(Int(csystemio_environment(name, &bytes, Int64(bytes.count))), bytes.count - 1)
    }
    return length < 0 ? nil : String(decoding: bytes.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Name of this machine; nil if unknown.
  package static var hostName: String? {
    var bytes = [CChar](repeating: 0, count: 256)
    guard csystemio_host_name(&bytes, Int64(bytes.count)) == 0 else { return nil }
    return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
