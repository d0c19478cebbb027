internal import CSystemIO
internal import Collect
internal import SystemIO

/// One mount in the kernel's list.
struct Mount: Hashable, Sendable {
  var mountpoint: String
  /// Source, such as "/dev/sda1" or "server:/export".
  var device: String
  /// Type, such as "ext4".
  var fstype: String
  /// Whether the mount or the filesystem is read-only.
  var isReadOnly: Bool
  /// Whether it is an overlay without an upper layer.
  var hasOnlyLowerLayers = false
  /// Major and minor number, the same for all mounts of one filesystem; nil from /proc/mounts.
  var number: String?
  /// The filesystem's mounted folder, "/" unless it is a bind mount or a subvolume.
  var root = "/"

  /// Whether another machine or process answers calls, so that they may hang.
  var isRemote: Bool {
    // bcachefs joins its disks with colons, "/dev/sda:/dev/sdb".
    device.contains(":") && !device.hasPrefix("/") || device.hasPrefix("//") || fstype.hasPrefix("fuse")
      || MountFilter.networkTypes.contains(fstype)
  }

  /// Whether it is an image without free space: squashfs, erofs, composefs.
  var isImage: Bool {
    MountFilter.imageTypes.contains(fstype) || device == "composefs" || hasOnlyLowerLayers
  }
}

/// Selects the mounts to include.
///
/// Included are those with data on a disk or another machine, each filesystem once. Excluded are:
/// - the kernel's virtual filesystems (proc, sysfs, cgroup …), filesystems in memory (tmpfs), images that are always
///   full (squashfs, composefs), and views of another filesystem (overlay, ecryptfs); but "/" is always included,
///   unless it is an image and others are included;
/// - FUSE mounts, except those known to hold data or to access another machine (ntfs-3g as `fuseblk`, sshfs, s3fs …);
/// - everything below /proc, /sys and /dev, and the files that containers get from their host;
/// - layers of containers, whatever the engine and its storage driver;
/// - further mounts of a filesystem (bind mounts, subvolumes): "/" is kept, else the mount of its root, else the one
///   nearest to it;
/// - mounts hidden by a later one at the same mount point, and snapshots of ZFS.
enum MountFilter {
  /// Maximum number of filesystems in a `Sample`.
  static let maximumMounts = 512

  /// Maximum number of mounts for which space is read; the largest of them are included.
  static let maximumAsked = 2_048

  /// Types served by another machine, or by the host of a virtual machine.
  static let networkTypes: Set<String> = [
    "9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "drvfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs",
    "nfs", "nfs4", "ocfs2", "orangefs", "panfs", "prl_fs", "pvfs2", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs",
    "wekafs",
  ]

  /// Types that show a folder of the host of a virtual machine, with the space of the host's volume.
  static let hostFolderTypes: Set<String> = [
    "9p", "drvfs", "fakeowner", "fuse.grpcfuse", "fuse.osxfs", "fuse.prl_fsd", "fuse.vmhgfs-fuse", "hgfs", "lxfs",
    "prl_fs", "vboxsf", "virtiofs", "vmhgfs", "wslfs",
  ]

  /// Types of images without free space.
  static let imageTypes: Set<String> = ["cramfs", "erofs", "iso9660", "romfs", "squashfs"]

  private static let leftOutTypes: Set<String> = [
    "aufs", "autofs", "bdev", "binder", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "coredumpfs", "cpuset",
    "debugfs", "devfs", "devpts", "devtmpfs", "dlmfs", "ecryptfs", "efivarfs", "functionfs", "fusectl", "hugetlbfs",
    "ibmasmfs", "ipathfs", "mqueue", "nfsd", "nsfs", "ocfs2_dlmfs", "oprofilefs", "overlay", "overlayfs", "pipefs",
    "proc", "procfs", "pstore", "ramfs", "resctrl", "rootfs", "rpc_pipefs", "securityfs", "selinuxfs", "smackfs",
    "sockfs", "spufs", "swap", "sysfs", "tmpfs", "tracefs", "unionfs", "usbdevfs", "usbfs", "xenfs",
  ]

  private static let shownFuseTypes: Set<String> = [
    "fuse.apfs", "fuse.blobfuse", "fuse.blobfuse2", "fuse.ceph", "fuse.ceph-fuse", "fuse.curlftpfs", "fuse.davfs",
    "fuse.exfat", "fuse.gcsfuse", "fuse.glusterfs", "fuse.goofys", "fuse.hdfs", "fuse.juicefs", "fuse.lizardfs",
    "fuse.mergerfs", "fuse.mfs", "fuse.moosefs", "fuse.mount-s3", "fuse.ntfs-3g", "fuse.rclone", "fuse.s3fs",
    "fuse.saunafs", "fuse.seaweedfs", "fuse.shfs", "fuse.sshfs", "fuse.vmhgfs-fuse", "fuse.zfs-fuse",
  ]

  /// Files that engines mount into each container from the host's filesystem.
  private static let containerFiles: Set<String> = [
    "/etc/group", "/etc/hostname", "/etc/hosts", "/etc/localtime", "/etc/machine-id", "/etc/mtab", "/etc/passwd",
    "/etc/resolv.conf", "/etc/timezone",
  ]

  /// Returns the mounts to include, by mount point.
  static func shown(of mounts: [Mount]) -> [Mount] {
    var byPlace: [String: Mount] = [:]
    // Filtered only afterwards: mounts hidden by a tmpfs stay hidden.
    for mount in mounts { byPlace[mount.mountpoint] = mount }
    var byFilesystem: [String: Mount] = [:]
    for mount in byPlace.values where isShown(mount) {
      let key = mount.number ?? (mount.device.hasPrefix("/") ? mount.device : mount.mountpoint)
      if let other = byFilesystem[key], !isBetter(mount, than: other) { continue }
      byFilesystem[key] = mount
    }
    let shown = byFilesystem.values.sorted { $0.mountpoint < $1.mountpoint }
    // An image at "/" has no free space and needs none.
    return shown.count > 1 ? shown.filter { !$0.isImage } : shown
  }

  /// Returns the mounts whose space is read, by mount point: the most important included ones.
  static func asked(of mounts: [Mount]) -> [Mount] {
    if mounts.count <= maximumMounts { return mounts }
    // Each remote one may hang and block a thread.
    var remote = 0
    let asked = mounts.sorted { importance($0) < importance($1) }.filter { mount in
      if mount.isRemote { remote += 1 }
      return !mount.isRemote || remote <= maximumMounts
    }
    return asked.prefix(maximumAsked).sorted { $0.mountpoint < $1.mountpoint }
  }

  private static func isShown(_ mount: Mount) -> Bool {
    if mount.mountpoint == "/" { return mount.fstype != "rootfs" }
    if ["/proc/", "/sys/", "/dev/"].contains(where: { mount.mountpoint.hasPrefix($0) }) { return false }
    if mount.fstype.hasPrefix("fuse"), mount.fstype != "fuseblk" { return shownFuseTypes.contains(mount.fstype) }
    if mount.fstype == "zfs", mount.device.contains("@") { return false }
    return !mount.isImage && !leftOutTypes.contains(mount.fstype) && !containerFiles.contains(mount.mountpoint)
      && !ContainerLayer.isLayer(mount)
  }

  private static func isBetter(_ mount: Mount, than other: Mount) -> Bool {
    func rank(_ mount: Mount) -> (Int, Int, Int, Int, String) {
      (
        mount.mountpoint == "/" ? 0 : mount.root == "/" ? 1 : 2,
        // Bind mounts in /etc are parts of a filesystem with a mount point of its own.
        mount.mountpoint.hasPrefix("/etc/") || mount.mountpoint == "/etc" ? 1 : 0,
        depth(mount.root), mount.mountpoint.utf8.count, mount.mountpoint
      )
    }
    return rank(mount) < rank(other)
  }

  /// Ranks mounts for a limit: "/", then those near the top of the tree.
  private static func importance(_ mount: Mount) -> (Int, String) {
    (mount.mountpoint == "/" ? 0 : depth(mount.mountpoint), mount.mountpoint)
  }

  private static func depth(_ path: String) -> Int { path.split(separator: "/").count }
}

/// Recognizes filesystems with one layer of a container, which some storage drivers mount by the hundred.
///
/// Drivers name them by the layer's id, 64 hexadecimal digits, wherever the engine stores its data. BuildKit has other
/// ids, but mounts in the drivers' folders; containerd mounts below a folder of its own.
enum ContainerLayer {
  /// Folders of storage drivers, two levels each.
  private static let folders: [(Substring, Substring)] = [
    ("aufs", "mnt"), ("btrfs", "subvolumes"), ("devicemapper", "mnt"), ("vfs", "dir"), ("windowsfilter", "mnt"),
    ("zfs", "graph"),
  ]

  /// Whether a mount is a container layer.
  static func isLayer(_ mount: Mount) -> Bool {
    let places = mount.mountpoint.split(separator: "/")
    // kubelet's volume folders are named by hashes too, and hold data.
    if places.contains("kubelet") { return false }
    if places.contains(where: { isIdentifier($0) || $0.hasPrefix("io.containerd.") }) { return true }
    for (first, second) in zip(places, places.dropFirst()) where folders.contains(where: { $0 == (first, second) }) {
      return true
    }
    // "rpool/docker/5f1c…", "/dev/mapper/docker-8:1-123-5f1c…".
    let name = mount.device.split(separator: "/").last ?? ""
    return isIdentifier(name) || isIdentifier(name.split(separator: "-").last ?? "")
  }

  /// Whether a name is a layer's id, with an optional suffix of the driver ("-init", "-removing").
  static func isIdentifier(_ name: Substring) -> Bool {
    let digits = name.utf8.prefix { $0.isDigit || (0x61...0x66).contains($0) }
    guard digits.count == 64 else { return false }
    return digits.count == name.utf8.count || name.utf8.dropFirst(64).first == UInt8(ascii: "-")
  }
}

/// The kernel's list of mounts.
///
/// The running machine's list is watched by poll(2), which costs less than reading it, and is read again after a change
/// or if the caller insists. A recording's list is read each time.
final class MountTable {
  /// The included mounts.
  private(set) var mounts: [Mount] = []

  private let paths: [String]
  private let isLive: Bool
  private let buffer = ReadBuffer()
  private var descriptor: Int32 = -1
  private var hasDetails = false
  /// Number of mounts beyond ``MountFilter/maximumAsked``.
  private(set) var omitted = 0
  /// Error of reading the list; nil without an error, or if a recording has no list.
  private(set) var failure: String?

  /// Creates a table of the mounts in /proc under `root`.
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

  /// Updates the list; returns whether it changed.
  ///
  /// - Parameter insists: reads it even if the kernel reports no change.
  func refresh(insists: Bool) -> Bool {
    if isLive, descriptor >= 0, !insists, !hasChanged { return false }
    if !isLive || descriptor < 0 { open() }
    let isMountinfo = hasDetails
    let all = try? buffer.read(descriptor: descriptor, name: "mounts") { bytes in
      isMountinfo ? MountinfoParser.mounts(bytes) : MountsParser.mounts(bytes)
    }
    if all == nil {
      if descriptor >= 0 { failure = SystemError("read the list of mounts").description }
      // Opened again the next time.
      if descriptor >= 0 { close(descriptor) }
      descriptor = -1
    }
    let wanted = MountFilter.shown(of: all ?? [])
    let shown = MountFilter.asked(of: wanted)
    omitted = wanted.count - shown.count
    if shown == mounts { return false }
    mounts = shown
    return true
  }

  private func open() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
    failure = nil
    for path in paths {
      descriptor = csystemio_open_read(path)
      hasDetails = path.hasSuffix("mountinfo")
      if descriptor >= 0 {
        failure = nil
        return
      }
      let error = SystemError("open " + path)
      if failure == nil, isLive || !error.isAbsent { failure = error.description }
    }
  }

  /// Whether mounts changed since the last call (proc_pid_mounts(5)).
  private var hasChanged: Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLPRI), revents: 0)
    return poll(&request, 1, 0) != 0
  }
}

/// Parser of /proc/[pid]/mountinfo (proc_pid_mountinfo(5)):
/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`.
enum MountinfoParser {
  /// Parses the mounts in their order.
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
    guard let line = line(bytes, &position) else { return nil }
    return MountsParser.mount(
      bytes, mountpoint: line.mountpoint, device: line.device, fstype: line.fstype,
      options: [line.options, line.filesystemOptions], number: bytes.string(line.number),
      root: MountsParser.text(bytes, line.root))
  }

  /// Places of a line's fields.
  struct Line {
    let number, root, mountpoint, options, fstype, device, filesystemOptions: Range<Int>
  }

  /// The fields of the line at a position; nil if it is malformed.
  static func line(_ bytes: Span<UInt8>, _ position: inout Int) -> Line? {
    guard MountsParser.field(bytes, &position) != nil, MountsParser.field(bytes, &position) != nil,
      let number = MountsParser.field(bytes, &position), let root = MountsParser.field(bytes, &position),
      let mountpoint = MountsParser.field(bytes, &position), !mountpoint.isEmpty,
      let options = MountsParser.field(bytes, &position)
    else { return nil }
    // Any number of optional fields, then a hyphen.
    while true {
      guard let field = MountsParser.field(bytes, &position) else { return nil }
      if bytes.equals(field, "-") { break }
    }
    // Without a source the kernel prints two adjacent blanks.
    guard let fstype = MountsParser.field(bytes, &position), let device = MountsParser.field(bytes, &position),
      let more = MountsParser.field(bytes, &position)
    else { return nil }
    return Line(
      number: number, root: root, mountpoint: mountpoint, options: options, fstype: fstype, device: device,
      filesystemOptions: more)
  }
}

/// Parser of /proc/[pid]/mounts (fstab(5)): `/dev/root /mnt ext3 rw,noatime 0 0`.
enum MountsParser {
  /// Parses the mounts in their order.
  static func mounts(_ bytes: Span<UInt8>) -> [Mount] {
    var mounts: [Mount] = []
    var position = 0
    while position < bytes.count {
      if let device = field(bytes, &position), let mountpoint = field(bytes, &position), !mountpoint.isEmpty,
        let fstype = field(bytes, &position), let options = field(bytes, &position)
      {
        mounts.append(mount(bytes, mountpoint: mountpoint, device: device, fstype: fstype, options: [options]))
      }
      bytes.skipLine(&position)
    }
    return mounts
  }

  /// The next field of a line; nil at its end.
  ///
  /// A field may be empty: fields are separated by exactly one blank, and the kernel escapes blanks in them.
  static func field(_ bytes: Span<UInt8>, _ position: inout Int) -> Range<Int>? {
    guard let byte = bytes.byte(at: position), byte != UInt8(ascii: "\n") else { return nil }
    let start = position
    while let byte = bytes.byte(at: position), byte != UInt8(ascii: "\n") {
      if byte == UInt8(ascii: " ") {
        position += 1
        return start..<(position - 1)
      }
      position += 1
    }
    return start..<position
  }

  /// Creates a mount from the ranges of its fields; `options` are the mount's own and the filesystem's.
  static func mount(
    _ bytes: Span<UInt8>, mountpoint: Range<Int>, device: Range<Int>, fstype: Range<Int>, options: [Range<Int>],
    number: String? = nil, root: String = "/"
  ) -> Mount {
    var mount = Mount(
      mountpoint: text(bytes, mountpoint), device: source(text(bytes, device)), fstype: text(bytes, fstype),
      isReadOnly: options.contains { isReadOnly(bytes, $0) }, number: number, root: root)
    if mount.fstype.hasPrefix("overlay"), mount.isReadOnly {
      mount.hasOnlyLowerLayers =
        options.contains { hasOption(bytes, $0, named: "lowerdir") }
        && !options.contains { hasOption(bytes, $0, named: "upperdir") }
    }
    return mount
  }

  /// A source without the password of its URL: curlftpfs mounts "curlftpfs#ftp://user:password@host/".
  private static func source(_ device: String) -> String {
    device.contains("//") && device.contains("@") ? CommandLineText.maskedArgument(device) : device
  }

  /// Text of a field: the kernel writes space, tab, line feed, backslash and '#' as a backslash and three octal digits.
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
      // The first digit of a byte is at most 3.
      let digit = bytes[index] &- UInt8(ascii: "0")
      guard digit < (index == start ? 4 : 8) else { return nil }
      value = value << 3 | digit
    }
    return value
  }

  /// Whether comma-separated options contain `ro`.
  static func isReadOnly(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    hasOption(bytes, range) { bytes.equals($0, "ro") }
  }

  /// Whether an option has a name, "lowerdir=…", or "lowerdir+=…" as newer kernels list several.
  private static func hasOption(_ bytes: Span<UInt8>, _ range: Range<Int>, named name: StaticString) -> Bool {
    hasOption(bytes, range) { option in
      guard bytes.starts(with: name, at: option.lowerBound) else { return false }
      let end = bytes.byte(at: option.lowerBound + name.utf8CodeUnitCount)
      return end == UInt8(ascii: "=") || end == UInt8(ascii: "+")
    }
  }

  private static func hasOption(
    _ bytes: Span<UInt8>, _ range: Range<Int>, where isWanted: (Range<Int>) -> Bool
  ) -> Bool {
    var start = range.lowerBound
    for index in range.lowerBound...range.upperBound {
      guard index == range.upperBound || bytes[index] == UInt8(ascii: ",") else { continue }
      if isWanted(start..<index) { return true }
      start = index + 1
    }
    return false
  }
}
