internal import SystemIO

/// Errors that filesystems have found and keep count of, whatever kind of disk is below: ext4's count in the superblock
/// (Documentation/ABI/testing/sysfs-fs-ext4, `errors_count`), and those of btrfs's devices (`devinfo/N/error_stats`).
final class FilesystemErrors {
  /// Maximum devices of a filesystem.
  private static let maxDevices = 64

  private let root: String
  private let buffer = ReadBuffer(capacity: 512)
  /// The files of each mount by its number and device; empty without a count.
  private var files: [String: [String]] = [:]

  init(root: String) { self.root = root }

  /// The count of a filesystem; nil where it keeps none.
  func count(of mount: Mount) -> UInt64? {
    guard mount.fstype.hasPrefix("ext") || mount.fstype == "btrfs" else { return nil }
    let key = (mount.number ?? "") + " " + mount.device
    let paths = files[key] ?? paths(of: mount)
    if files.count > MountFilter.maximumAsked { files = [:] }
    files[key] = paths
    var sum: UInt64?
    for path in paths {
      guard let bytes = try? Files.contents(of: path, buffer: buffer), let count = Self.errors(bytes.span) else {
        // Another device may have the name after an unmount.
        files[key] = nil
        continue
      }
      sum = (sum ?? 0) &+ count
    }
    return sum
  }

  /// Parses a number, or lines of a name and a number, which are added up.
  static func errors(_ bytes: Span<UInt8>) -> UInt64? {
    var sum: UInt64?
    var position = 0
    while position < bytes.count {
      bytes.skipBlanks(&position)
      if let byte = bytes.byte(at: position), !byte.isDigit {
        _ = bytes.skipWord(&position)
        bytes.skipBlanks(&position)
      }
      if let count = bytes.unsigned(&position) { sum = (sum ?? 0) &+ count }
      bytes.skipLine(&position)
    }
    return sum
  }

  private func paths(of mount: Mount) -> [String] {
    guard mount.fstype == "btrfs" else {
      // The name of a device in /dev may be another one than the kernel's.
      guard let number = mount.number, let device = Files.link(root + "/sys/dev/block/" + number),
        let name = device.split(separator: "/").last
      else { return [] }
      let path = root + "/sys/fs/ext4/" + name + "/errors_count"
      return Files.exists(path) ? [path] : []
    }
    guard let name = mount.device.split(separator: "/").last else { return [] }
    let folder = root + "/sys/fs/btrfs/"
    for filesystem in Files.names(in: folder) where Files.exists(folder + filesystem + "/devices/" + name) {
      return Files.names(in: folder + filesystem + "/devinfo").sorted().prefix(Self.maxDevices).map {
        folder + filesystem + "/devinfo/" + $0 + "/error_stats"
      }
    }
    return []
  }
}
