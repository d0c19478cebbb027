internal import PrometheusExport
internal import SystemIO

/// /proc/sys/fs/file-nr (Documentation/admin-guide/sysctl/fs.rst): allocated handles, free handles, maximum.
enum NodeFileNumbers {
  /// Writes the first and the last; returns false if any of the three is missing.
  static func write(_ bytes: Span<UInt8>, to exposition: inout Exposition) -> Bool {
    var position = 0
    guard let allocated = bytes.unsigned(&position), bytes.unsigned(&position) != nil,
      let limit = bytes.unsigned(&position)
    else { return false }
    exposition.family("node_filefd_allocated", .gauge, "File handles allocated")
    exposition.sample()
    exposition.value(allocated)
    exposition.family("node_filefd_maximum", .gauge, "Maximum file handles")
    exposition.sample()
    exposition.value(limit)
    return true
  }
}
