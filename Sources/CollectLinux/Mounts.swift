internal import CSystemIO
internal import SystemIO

/// One mount, as the kernel lists it.
struct Mount: Hashable, Sendable {
  /// Where it is mounted.
  var mountpoint: String
  /// What is mounted, "/dev/sda1", "server:/export".
  var device: String
  /// Its type, "ext4".
  var fstype: String
  /// Whether the mount or the filesystem refuses writes.
  var isReadOnly: Bool
  /// Major and minor number, the same for all mounts of one filesystem; nil in /proc/mounts.
  var number: String?
  /// The folder of the filesystem that is mounted, "/" unless it is a bind mount or a subvolume.
  var root = "/"

  /// Whether its answers come from another machine or from another process, so that they may never come.
  var isRemote: Bool {
    device.contains(":") || device.hasPrefix("//") || fstype.hasPrefix("fuse")
      || MountFilter.networkTypes.contains(fstype)
  }
}

/// Which mounts are shown.
///
/// Those that hold data on a disk or on another machine, each filesystem once. Left out are:
/// - what the kernel makes up (proc, sysfs, cgroup …), what lies in memory (tmpfs), images that are always full (squashfs,
///   ISO 9660), and what only shows another filesystem again (overlay, ecryptfs); but whatever is at "/" is shown;
/// - FUSE mounts but those known to hold data or to lead to another machine (ntfs-3g as `fuseblk`, sshfs, s3fs …);
/// - everything below /proc, /sys and /dev, and the three files of /etc that containers get from their host;
/// - further mounts of a filesystem (bind mounts, subvolumes): the one of its whole is kept, else the one with the
///   shortest mount point;
/// - mounts that a later one at the same place hides, and snapshots of ZFS.
enum MountFilter {
  /// More mounts than a large machine shows are not listed.
  static let maximumMounts = 512

  /// Types whose answers come from another machine.
  static let networkTypes: Set<String> = [
    "9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs",
    "nfs4", "ocfs2", "orangefs", "panfs", "pvfs2", "smb3", "smbfs", "vboxsf", "wekafs",
  ]

  private static let leftOutTypes: Set<String> = [
    "aufs", "autofs", "bdev", "binder", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "coredumpfs", "cpuset",
    "cramfs", "debugfs", "devfs", "devpts", "devtmpfs", "dlmfs", "ecryptfs", "efivarfs", "erofs", "functionfs",
    "fusectl", "hugetlbfs", "ibmasmfs", "ipathfs", "iso9660", "mqueue", "nfsd", "nsfs", "ocfs2_dlmfs", "oprofilefs",
    "overlay", "overlayfs", "pipefs", "proc", "procfs", "pstore", "ramfs", "resctrl", "romfs", "rootfs", "rpc_pipefs",
    "securityfs", "selinuxfs", "smackfs", "sockfs", "spufs", "squashfs", "swap", "sysfs", "tmpfs", "tracefs", "unionfs",
    "usbdevfs", "usbfs", "xenfs",
  ]

  private static let shownFuseTypes: Set<String> = [
    "fuse.apfs", "fuse.blobfuse", "fuse.blobfuse2", "fuse.ceph", "fuse.ceph-fuse", "fuse.curlftpfs", "fuse.davfs",
    "fuse.exfat", "fuse.gcsfuse", "fuse.glusterfs", "fuse.goofys", "fuse.hdfs", "fuse.juicefs", "fuse.lizardfs",
    "fuse.mergerfs", "fuse.mfs", "fuse.moosefs", "fuse.mount-s3", "fuse.ntfs-3g", "fuse.rclone", "fuse.s3fs",
    "fuse.saunafs", "fuse.seaweedfs", "fuse.shfs", "fuse.sshfs", "fuse.vmhgfs-fuse", "fuse.zfs-fuse",
  ]

  private static let containerFiles: Set<String> = ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"]

  /// The mounts that are shown, by mount point.
  static func shown(of mounts: [Mount]) -> [Mount] {
    var byPlace: [String: Mount] = [:]
    // Whether it is shown is asked afterwards: what is hidden by a tmpfs is hidden too.
    for mount in mounts { byPlace[mount.mountpoint] = mount }
    var byFilesystem: [String: Mount] = [:]
    for mount in byPlace.values where isShown(mount) {
      let key = mount.number ?? (mount.device.hasPrefix("/") ? mount.device : mount.mountpoint)
      if let other = byFilesystem[key], !isBetter(mount, than: other) { continue }
      byFilesystem[key] = mount
    }
    let shown = byFilesystem.values.sorted { $0.mountpoint < $1.mountpoint }
    return Array(shown.prefix(maximumMounts))
  }

  private static func isShown(_ mount: Mount) -> Bool {
    if mount.mountpoint == "/" { return mount.fstype != "rootfs" }
    if ["/proc/", "/sys/", "/dev/"].contains(where: { mount.mountpoint.hasPrefix($0) }) { return false }
    if mount.fstype.hasPrefix("fuse"), mount.fstype != "fuseblk" { return shownFuseTypes.contains(mount.fstype) }
    if mount.fstype == "zfs", mount.device.contains("@") { return false }
    return !leftOutTypes.contains(mount.fstype) && !containerFiles.contains(mount.mountpoint)
  }

  private static func isBetter(_ mount: Mount, than other: Mount) -> Bool {
    func rank(_ mount: Mount) -> (Int, Int, String) {
      (mount.root == "/" ? 0 : 1, mount.mountpoint.utf8.count, mount.mountpoint)
    }
    return rank(mount) < rank(other)
  }
}

/// The kernel's list of mounts.
///
/// A list of the kernel's is watched by poll(2), which costs less than to have it written out, and is read again when the
/// kernel says that it has changed, or when the caller insists; that of a recording is read each time.
final class MountTable {
  /// The mounts that are shown.
  private(set) var mounts: [Mount] = []

  private let paths: [String]
  private let isLive: Bool
  private let buffer = ReadBuffer()
  private var descriptor: Int32 = -1
  private var hasDetails = false

  /// The mounts of the machine whose /proc lies under `root`.
  init(root: String, isLive: Bool) {
    self.isLive = isLive
    // With another machine's root mounted here, `self` is the agent, which sees its own container; 1 is the host's.
    let processes = root.isEmpty ? ["self"] : isLive ? ["1", "self"] : ["self", "1"]
    var paths: [String] = []
    for process in processes {
      for file in ["mountinfo", "mounts"] { paths.append(root + "/proc/" + process + "/" + file) }
    }
    paths.append(root + "/proc/mounts")
    self.paths = paths
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Brings the list up to date; returns whether it is another now.
  ///
  /// - Parameter insists: reads it even if the kernel does not say that it has changed.
  func refresh(insists: Bool) -> Bool {
    if isLive, descriptor >= 0, !insists, !hasChanged { return false }
    if !isLive || descriptor < 0 { open() }
    let isMountinfo = hasDetails
    let all = try? buffer.read(descriptor: descriptor, name: "mounts") { bytes in
      isMountinfo ? MountinfoParser.mounts(bytes) : MountsParser.mounts(bytes)
    }
    if all == nil {
      // Opened anew the next time.
      if descriptor >= 0 { close(descriptor) }
      descriptor = -1
    }
    let shown = MountFilter.shown(of: all ?? [])
    if shown == mounts { return false }
    mounts = shown
    return true
  }

  private func open() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
    for path in paths {
      descriptor = csystemio_open_read(path)
      hasDetails = path.hasSuffix("mountinfo")
      if descriptor >= 0 { return }
    }
  }

  /// Whether mounts have come or gone since the last such question (proc_pid_mounts(5)).
  private var hasChanged: Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLPRI), revents: 0)
    return poll(&request, 1, 0) != 0
  }
}

/// /proc/[pid]/mountinfo (proc_pid_mountinfo(5)):
/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`.
enum MountinfoParser {
  /// The mounts in their order.
  static func mounts(_ bytes: Span<UInt8>) -> [Mount] {
    var mounts: [Mount] = []
    var position = 0
    while position < bytes.count {
      if let mount = mount(bytes, &position) { mounts.append(mount) }
      bytes.skipLine(&position)
    }
    return mounts
  }

  private static func mount(_ bytes: Span<UInt8>, _ position: inout Int) -> Mount? {
    guard bytes.skipWord(&position), bytes.skipWord(&position), let number = bytes.word(&position),
      let root = bytes.word(&position), let mountpoint = bytes.word(&position), let options = bytes.word(&position)
    else { return nil }
    // Any number of optional fields, then a hyphen.
    while true {
      guard let field = bytes.word(&position) else { return nil }
      if bytes.equals(field, "-") { break }
    }
    guard let fstype = bytes.word(&position), let device = bytes.word(&position), let more = bytes.word(&position)
    else { return nil }
    return Mount(
      mountpoint: MountsParser.text(bytes, mountpoint), device: MountsParser.text(bytes, device),
      fstype: MountsParser.text(bytes, fstype),
      isReadOnly: MountsParser.isReadOnly(bytes, options) || MountsParser.isReadOnly(bytes, more),
      number: bytes.string(number), root: MountsParser.text(bytes, root))
  }
}

/// /proc/[pid]/mounts, as fstab(5) has it: `/dev/root /mnt ext3 rw,noatime 0 0`.
enum MountsParser {
  /// The mounts in their order.
  static func mounts(_ bytes: Span<UInt8>) -> [Mount] {
    var mounts: [Mount] = []
    var position = 0
    while position < bytes.count {
      if let device = bytes.word(&position), let mountpoint = bytes.word(&position), let fstype = bytes.word(&position),
        let options = bytes.word(&position)
      {
        mounts.append(
          Mount(
            mountpoint: text(bytes, mountpoint), device: text(bytes, device), fstype: text(bytes, fstype),
            isReadOnly: isReadOnly(bytes, options)))
      }
      bytes.skipLine(&position)
    }
    return mounts
  }

  /// A field's text: the kernel writes space, tab, line feed, backslash and '#' as a backslash and three octal digits.
  static func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(range.count)
    var position = range.lowerBound
    while position < range.upperBound {
      if bytes[position] == UInt8(ascii: "\\"), let byte = octal(bytes, position + 1, end: range.upperBound) {
        text.append(byte)
        position += 4
      } else {
        text.append(bytes[position])
        position += 1
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func octal(_ bytes: Span<UInt8>, _ start: Int, end: Int) -> UInt8? {
    guard start + 3 <= end else { return nil }
    var value: UInt8 = 0
    for index in start..<start + 3 {
      // The first digit is at most 3, since a byte has no more.
      let digit = bytes[index] &- UInt8(ascii: "0")
      guard digit < (index == start ? 4 : 8) else { return nil }
      value = value << 3 | digit
    }
    return value
  }

  /// Whether `ro` is among options that commas part.
  static func isReadOnly(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    var start = range.lowerBound
    for index in range.lowerBound...range.upperBound {
      guard index == range.upperBound || bytes[index] == UInt8(ascii: ",") else { continue }
      if bytes.equals(start..<index, "ro") { return true }
      start = index + 1
    }
    return false
  }
}
