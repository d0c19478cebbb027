/// Space of one mounted filesystem (statvfs(3)), in bytes; NaN where absent.
///
/// A level: Reading and Sample hold the same.
package struct Filesystem: MetricGroup, Hashable {
  package var mountpoint = ""
  /// Mounted device, "/dev/nvme0n1p2".
  package var device = ""
  /// Filesystem type, "ext4".
  package var fstype = ""
  package var isReadOnly = false
  package var total = Double.nan
  /// Total − free.
  package var used = Double.nan
  /// Free, including root's reserve.
  package var free = Double.nan
  /// Free for users other than root.
  package var available = Double.nan
  /// Number of inodes; NaN where the filesystem has no fixed number.
  package var inodes = Double.nan
  package var inodesFree = Double.nan
  /// Errors that it has found and recorded; NaN where it keeps no count.
  package var errorsTotal = Double.nan
  /// Seconds since the values were read, if more than 12 s ago; NaN when fresh.
  package var age = Double.nan
  /// Why the values are not fresh; nil when they are.
  package var error: String?
  private var shareOfPool = Double.nan

  package init() {}

  /// Creates a mount whose space is not known yet.
  package init(mountpoint: String, device: String, fstype: String, isReadOnly: Bool) {
    self.mountpoint = mountpoint
    self.device = device
    self.fstype = fstype
    self.isReadOnly = isReadOnly
  }

  /// Share in use: used ÷ (used + available), as in df(1), so that root's reserve does not count as free.
  ///
  /// Set for filesystems that share a full pool, where that quotient is 1 for all of them.
  package var usage: Double {
    get { shareOfPool.isNaN ? share(used, of: used + available) : shareOfPool }
    set { shareOfPool = newValue }
  }

  /// Whether writes may soon fail for lack of space; false for a read-only filesystem, such as an image.
  package var isNearlyFull: Bool { !isReadOnly && usage >= 0.9 }

  /// Share of inodes in use.
  package var inodesUsage: Double { share(inodes - inodesFree, of: inodes) }

  package static let table = Table<Filesystem>([
    .text("mountpoint", "Mount point", source: "/proc/self/mountinfo", \.mountpoint),
    .text("device", "Mounted device", source: "/proc/self/mountinfo", \.device),
    .text("fstype", "Type of the filesystem", source: "/proc/self/mountinfo", \.fstype),
    .flag("read_only", "Whether it is read-only", source: "/proc/self/mountinfo, statvfs f_flag", \.isReadOnly),
    .gauge("total_mb", .mebibytes, "Size", source: "statvfs f_blocks × f_frsize", \.total),
    .gauge("used_mb", .mebibytes, "In use", source: "statvfs (f_blocks − f_bfree) × f_frsize", \.used),
    .gauge("free_mb", .mebibytes, "Free, root's reserve included", source: "statvfs f_bfree", \.free),
    .gauge("available_mb", .mebibytes, "Free for users other than root", source: "statvfs f_bavail", \.available),
    .gauge(
      "usage", .ratio, "Share in use, as df shows it",
      source: "used ÷ (used + available); in a full ZFS pool, the pool's for its top dataset, of the others their part",
      \.usage),
    .gauge("inodes", .count, "Inodes", source: "statvfs f_files", \.inodes),
    .gauge("inodes_free", .count, "Inodes free", source: "statvfs f_ffree", \.inodesFree),
    .gauge("inodes_usage", .ratio, "Share of inodes in use", source: "(f_files − f_ffree) ÷ f_files", \.inodesUsage),
    .counter(
      "errors_total", .count, "Errors that ext4 has recorded in its superblock, or btrfs of its devices",
      source: "/sys/fs/ext4/…/errors_count; /sys/fs/btrfs/…/devinfo/…/error_stats", \.errorsTotal
    ).titled("Errors", "エラー"),
    .gauge("age_seconds", .seconds, "Age of these values where they are not fresh", source: "the agent", \.age),
    .text("error", "Error of the last read", source: "the agent", \.error),
  ])
}
