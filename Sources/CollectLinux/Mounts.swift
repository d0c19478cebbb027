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
  /// Whether it is an overlay without an upper layer.
  var hasOnlyLowerLayers = false
  /// Major and minor number, the same for all mounts of one filesystem; nil in /proc/mounts.
  var number: String?
  /// The folder of the filesystem that is mounted, "/" unless it is a bind mount or a subvolume.
  var root = "/"

  /// Whether its answers come from another machine or from another process, so that they may never come.
  var isRemote: Bool {
    // bcachefs lists its disks with colons between them, "/dev/sda:/dev/sdb".
    device.contains(":") && !device.hasPrefix("/") || device.hasPrefix("//") || fstype.hasPrefix("fuse")
      || MountFilter.networkTypes.contains(fstype)
  }

  /// Whether it is an image that is full because it was built without free space: squashfs, erofs, composefs.
  var isImage: Bool {
    MountFilter.imageTypes.contains(fstype) || device == "composefs" || hasOnlyLowerLayers
  }
}

/// Decides which mounts are shown.
///
/// Shown are those that hold data on a disk or on another machine, each filesystem once. Left out are:
/// - what the kernel makes up (proc, sysfs, cgroup …), what lies in memory (tmpfs), images that are always full (squashfs,
///   composefs), and what only shows another filesystem again (overlay, ecryptfs); but "/" is shown whatever it is, unless
///   it is an image and something else is shown;
/// - FUSE mounts but those known to hold data or to lead to another machine (ntfs-3g as `fuseblk`, sshfs, s3fs …);
/// - everything below /proc, /sys and /dev, and the files that containers get from their host;
/// - layers of containers, whatever the engine and its storage driver;
/// - further mounts of a filesystem (bind mounts, subvolumes): "/" is kept, else the one of its whole, else the one nearest
///   to it;
/// - mounts that a later one at the same place hides, and snapshots of ZFS.
enum MountFilter {
  /// The largest number of filesystems in a Sample.
  static let maximumMounts = 512

  /// The largest number of mounts that are asked for their space, of which the largest are shown.
  static let maximumAsked = 2_048

  /// Types whose answers come from another machine, or from the host of a virtual one.
  static let networkTypes: Set<String> = [
    "9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "drvfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs",
    "nfs", "nfs4", "ocfs2", "orangefs", "panfs", "prl_fs", "pvfs2", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs",
    "wekafs",
  ]

  /// Types that show a folder of the machine that this one runs on, with the figures of the volume it lies on.
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

  /// Files that engines put into each container, as mounts of the filesystem on which the host keeps them.
  private static let containerFiles: Set<String> = [
    "/etc/group", "/etc/hostname", "/etc/hosts", "/etc/localtime", "/etc/machine-id", "/etc/mtab", "/etc/passwd",
    "/etc/resolv.conf", "/etc/timezone",
  ]

  /// Returns the mounts that are shown, by mount point.
  static func shown(of mounts: [Mount]) -> [Mount] {
    var byPlace: [String: Mount] = [:]
    // Filtered only afterwards: what is hidden by a tmpfs is hidden too.
    for mount in mounts { byPlace[mount.mountpoint] = mount }
    var byFilesystem: [String: Mount] = [:]
    for mount in byPlace.values where isShown(mount) {
      let key = mount.number ?? (mount.device.hasPrefix("/") ? mount.device : mount.mountpoint)
      if let other = byFilesystem[key], !isBetter(mount, than: other) { continue }
      byFilesystem[key] = mount
    }
    let shown = byFilesystem.values.sorted { $0.mountpoint < $1.mountpoint }
    // An image at "/" has no free space and needs none; what can fill up is elsewhere.
    return shown.count > 1 ? shown.filter { !$0.isImage } : shown
  }

  /// Returns the mounts to ask for their space, by mount point: the most important ones of those that are shown.
  static func asked(of mounts: [Mount]) -> [Mount] {
    if mounts.count <= maximumMounts { return mounts }
    // Each remote one may hang, and keep a thread.
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
        // What is bound into /etc is a part of something that has a place of its own.
        mount.mountpoint.hasPrefix("/etc/") || mount.mountpoint == "/etc" ? 1 : 0,
        depth(mount.root), mount.mountpoint.utf8.count, mount.mountpoint
      )
    }
    return rank(mount) < rank(other)
  }

  /// Orders mounts for a limit: "/", then those near the top of the tree.
  private static func importance(_ mount: Mount) -> (Int, String) {
    (mount.mountpoint == "/" ? 0 : depth(mount.mountpoint), mount.mountpoint)
  }

  private static func depth(_ path: String) -> Int { path.split(separator: "/").count }
}

/// Recognises filesystems that hold one layer of a container, as some storage drivers mount them by the hundred.
///
/// Drivers name them by the layer's id, 64 hexadecimal digits, wherever the engine keeps its data. BuildKit has other ids,
/// but mounts in the drivers' folders; containerd mounts below a folder of its own.
enum ContainerLayer {
  /// Folders of storage drivers, two levels each.
  private static let folders: [(Substring, Substring)] = [
    ("aufs", "mnt"), ("btrfs", "subvolumes"), ("devicemapper", "mnt"), ("vfs", "dir"), ("windowsfilter", "mnt"),
    ("zfs", "graph"),
  ]

  /// Whether the mount is such a layer.
  static func isLayer(_ mount: Mount) -> Bool {
    let places = mount.mountpoint.split(separator: "/")
    // kubelet's folders of volumes are named by hashes too, and hold data.
    if places.contains("kubelet") { return false }
    if places.contains(where: { isIdentifier($0) || $0.hasPrefix("io.containerd.") }) { return true }
    for (first, second) in zip(places, places.dropFirst()) where folders.contains(where: { $0 == (first, second) }) {
      return true
    }
    // "rpool/docker/5f1c…", "/dev/mapper/docker-8:1-123-5f1c…".
    let name = mount.device.split(separator: "/").last ?? ""
    return isIdentifier(name) || isIdentifier(name.split(separator: "-").last ?? "")
  }

  /// Whether a name is a layer's id, with what drivers append ("-init", "-removing").
  static func isIdentifier(_ name: Substring) -> Bool {
    let digits = name.utf8.prefix { $0.isDigit || (0x61...0x66).contains($0) }
    guard digits.count == 64 else { return false }
    return digits.count == name.utf8.count || name.utf8.dropFirst(64).first == UInt8(ascii: "-")
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
  /// Mounts beyond ``MountFilter/maximumAsked``.
  private(set) var omitted = 0
  /// Why the list cannot be read; nil where it can, or where a recording has none.
  private(set) var failure: String?

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
      if descriptor >= 0 { failure = SystemError("read the list of mounts").description }
      // Opened anew the next time.
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
    // A filesystem may have no source: the kernel prints nothing between two blanks then.
    guard let fstype = MountsParser.field(bytes, &position), let device = MountsParser.field(bytes, &position),
      let more = MountsParser.field(bytes, &position)
    else { return nil }
    return MountsParser.mount(
      bytes, mountpoint: mountpoint, device: device, fstype: fstype, options: [options, more],
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
  /// A field may be empty: fields are separated by exactly one blank, and the kernel escapes blanks inside of them.
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

  /// A mount by the places of its fields; `options` are the mount's own and the filesystem's.
  static func mount(
    _ bytes: Span<UInt8>, mountpoint: Range<Int>, device: Range<Int>, fstype: Range<Int>, options: [Range<Int>],
    number: String? = nil, root: String = "/"
  ) -> Mount {
    var mount = Mount(
      mountpoint: text(bytes, mountpoint), device: text(bytes, device), fstype: text(bytes, fstype),
      isReadOnly: options.contains { isReadOnly(bytes, $0) }, number: number, root: root)
    if mount.fstype.hasPrefix("overlay"), mount.isReadOnly {
      mount.hasOnlyLowerLayers =
        options.contains { hasOption(bytes, $0, named: "lowerdir") }
        && !options.contains { hasOption(bytes, $0, named: "upperdir") }
    }
    return mount
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
