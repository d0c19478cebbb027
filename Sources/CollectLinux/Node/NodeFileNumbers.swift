internal import PrometheusExport
internal import SystemIO

/// /proc/sys/fs/file-nr (Documentation/admin-guide/sysctl/fs.rst): handles allocated, handles free, the most there may be.
enum NodeFileNumbers {
  /// Writes the first and the last; false where the three are not there.
  static func write(_ bytes: Span<UInt8>, to exposition: inout Exposition) -> Bool {
    var position = 0
    guard let allocated = bytes.unsigned(&position), bytes.unsigned(&position) != nil,
      let limit = bytes.unsigned(&position)
    else { return false }
    exposition.family("node_filefd_allocated", .gauge, "File handles allocated")
    exposition.sample()
    exposition.value(allocated)
    exposition.family("node_filefd_maximum", .gauge, "Most file handles that there may be")
    exposition.sample()
    exposition.value(limit)
    return true
  }
}
