import AgentMetrics
import Collect
import SystemIO
import TestSupport
import Testing

@testable import CollectLinux

/// Machines of public bug reports, and others of the same kinds: containers, volumes and networks that resemble those
/// of a whole machine.
@Suite(.ownThreads) struct ReportedMachinesTests {
  // MARK: Memory

  private static let lxcfs =
    "1206 1205 0:61 /proc/meminfo /proc/meminfo rw,nosuid - fuse.lxcfs lxcfs rw,user_id=0,allow_other\n"
  private static let arc = "9 1 0x01 80 21760 1 1\nname type data\nc_min 4 33554432\nsize 4 314572800\n"
  private static let meminfo = """
    MemTotal:        1572864 kB
    MemFree:          421044 kB
    MemAvailable:     912044 kB
    Buffers:               0 kB
    Cached:           491000 kB
    SwapTotal:        524288 kB
    SwapFree:         524288 kB
    Shmem:             12000 kB

    """

  private func memory(_ files: [String: String]) throws -> (reading: MemoryReading, note: String?) {
    let collector = MemoryCollector(root: try Fixture(files: files).root, pageSize: 4_096)
    var reading = Reading()
    try collector.read(into: &reading)
    return (reading.memory, collector.note)
  }

  @Test func aContainersMemoryExcludesTheHostsCache() throws {
    var files = [
      "proc/meminfo": Self.meminfo, "proc/spl/kstat/zfs/arcstats": Self.arc, "proc/vmstat": "pswpin 7\noom_kill 1\n",
    ]
    let host = try memory(files)
    #expect(host.reading.usable == 912_044 * 1_024 + 281_018_368 && host.note == nil)
    #expect(host.reading.oomKills == 1)
    // FUSE on the file or on all of /proc, or a file bound over it; but not over another file.
    for mount in [
      Self.lxcfs, "7 1 0:61 / /proc rw - fuse.sysboxfs sysboxfs rw\n",
      "7 1 8:1 /fake /proc/meminfo rw - ext4 /dev/sda1 rw\n",
    ] {
      files["proc/self/mountinfo"] = "5 1 0:4 / /proc rw - proc proc rw\n" + mount
      let container = try memory(files)
      #expect(container.reading.usable == 912_044 * 1_024)
      #expect(container.reading.arcSize == nil && container.reading.swappedIn == nil)
      #expect(container.note?.contains("container") == true)
    }
    for mount in ["7 1 0:61 / /proc/uptime rw - fuse.lxcfs lxcfs rw\n", "7 1 0:4 / /proc rw - proc proc rw\n"] {
      files["proc/self/mountinfo"] = Self.lxcfs + mount
      let isReplaced = try memory(files).reading.arcSize == nil
      #expect(isReplaced == mount.contains("uptime"), "the last mount counts")
    }
  }

  @Test func aCacheLargerThanUsedMemoryIsAnotherMachines() throws {
    let arc = "name type data\nc_min 4 524288000\nsize 4 6732044120\n"
    let reading = try memory(["proc/meminfo": Self.meminfo, "proc/spl/kstat/zfs/arcstats": arc]).reading
    #expect(reading.arcSize == nil && reading.usable == 912_044 * 1_024)
  }

  @Test func availabilityAboveTheTotalIsAbsent() throws {
    let text = """
      MemTotal:        2097152 kB\nMemFree:          300000 kB\nMemAvailable:   31000000 kB\nBuffers:               0 kB
      Cached:           200000 kB\nSwapTotal:             0 kB\nSwapFree:       18446744073709551488 kB
      Shmem:             10000 kB\n
      """
    let reading = try memory(["proc/meminfo": text]).reading
    let ram = RAM(from: nil, to: reading, over: Elapsed(seconds: 1))
    #expect(ram.used == (2_097_152 - 490_000) * 1_024)
    let swap = try #require(Swap(from: nil, to: reading, over: Elapsed(seconds: 1)))
    #expect(swap.used == 0 && swap.free == 0 && swap.usage == 0)
  }

  @Test func valuesAboveTheTotalAreAbsent() throws {
    let text = "MemTotal: 100 kB\nMemFree: 101 kB\nCached: 5000 kB\nSwapTotal: 10 kB\nSwapFree: 11 kB\n"
    let reading = try memory(["proc/meminfo": text]).reading
    let ram = RAM(from: nil, to: reading, over: Elapsed(seconds: 1))
    #expect(ram.free.isNaN && ram.used.isNaN && ram.cached.isNaN)
    let swap = try #require(Swap(from: nil, to: reading, over: Elapsed(seconds: 1)))
    #expect(swap.total == 10_240 && swap.used.isNaN && swap.usage.isNaN)
  }

  // MARK: Filesystems

  private func filesystems(
    _ mountinfo: String, _ statvfs: String
  ) throws -> (list: [Filesystem], collector: FilesystemCollector) {
    let fixture = try Fixture(files: ["proc/self/mountinfo": mountinfo, "statvfs": statvfs])
    let collector = FilesystemCollector(root: fixture.root)
    var reading = Reading()
    try collector.read(into: &reading)
    return (reading.filesystems, collector)
  }

  @Test func anImageAtTheRootIsNoFullDisk() throws {
    let disk = "500 8:3 /root /sysroot ro - btrfs /dev/sda3 rw\n64 62 8:3 /var /var rw - btrfs /dev/sda3 rw\n"
    let answers =
      "/ 4096 7885 0 0 0 0 ro\n/etc 4096 100 60 60 0 0 rw\n/sysroot 4096 100 60 60 0 0 ro\n"
      + "/var 4096 100 60 60 0 0 rw\n"
    for root in [
      "overlay composefs ro,lowerdir+=/run/a,datadir+=/sysroot/objects", "overlay overlay ro,lowerdir=/a:/b",
      "squashfs /dev/loop0 ro", "erofs /dev/dm-0 ro",
    ] {
      let (list, _) = try filesystems(
        "62 1 0:33 / / ro - \(root)\n63 62 8:3 /root/deploy/a/etc /etc rw - btrfs /dev/sda3 rw\n63 " + disk, answers)
      #expect(list.map(\.mountpoint) == ["/var"], "\(root)")
      // Alone it is included, and does not raise an alarm.
      let (alone, _) = try filesystems("62 1 0:33 / / ro - \(root)\n", answers)
      #expect(alone.map(\.mountpoint) == ["/"] && alone[0].usage == 1 && !alone[0].isNearlyFull, "\(root)")
    }
    // A container's root has an upper layer, though it may be mounted read-only.
    let (container, _) = try filesystems(
      "62 1 0:33 / / ro - overlay overlay rw,lowerdir=/a,upperdir=/b,workdir=/c\n63 62 8:4 / /data rw - xfs /dev/sdb rw\n",
      "/ 4096 100 10 5 0 0 ro\n/data 4096 70 60 60 0 0 rw\n")
    #expect(container.map(\.mountpoint) == ["/", "/data"])
  }

  @Test func layersOfContainersAreNoFilesystems() {
    let id = String(repeating: "0a1b2c3d", count: 8)
    let mounts = [
      ("/var/lib/docker/zfs/graph/\(id)", "zfs", "rpool/docker/\(id)", false),
      ("/srv/elsewhere/\(id)-init", "zfs", "tank/x/\(id)-init", false),
      ("/srv/docker/zfs/graph/y7ijeyt8c1j3nq43uf6p2ov9x", "zfs", "tank/y7ijeyt8c1j3nq43uf6p2ov9x", false),
      ("/var/lib/docker/devicemapper/mnt/\(id)", "ext4", "/dev/mapper/docker-253:0-1234-\(id)", false),
      ("/mnt/dm", "xfs", "/dev/mapper/docker-8:1-123-\(id)", false),
      ("/run/containerd/io.containerd.runtime.v2.task/k8s.io/web/rootfs", "ext4", "/dev/dm-7", false),
      ("/var/lib/containers/storage/zfs/graph/\(id)", "zfs", "rpool/\(id)", false),
      ("/var/lib/docker/btrfs/subvolumes/\(id)", "btrfs", "/dev/sdb1", false),
      ("/var/lib/kubelet/pods/1/volumes/kubernetes.io~csi/pvc-1/mount", "ext4", "/dev/sdc", true),
      ("/var/lib/docker", "ext4", "/dev/sdd1", true),
      ("/var/lib/docker/volumes/data/_data", "xfs", "/dev/sde1", true),
      ("/rpool/data/subvol-101-disk-0", "zfs", "rpool/data/subvol-101-disk-0", true),
    ]
    for (mountpoint, fstype, device, isShown) in mounts {
      let mount = Mount(mountpoint: mountpoint, device: device, fstype: fstype, isReadOnly: false, number: "9:9")
      #expect(MountFilter.shown(of: [mount]).isEmpty != isShown, "\(mountpoint)")
    }
    // Inside a container it is the root.
    let root = Mount(mountpoint: "/", device: "rpool/docker/\(id)", fstype: "zfs", isReadOnly: false, number: "9:9")
    #expect(MountFilter.shown(of: [root]).count == 1)
  }

  /// A full pool with 32 datasets, an empty one of its own, one with a quota, and a disk with free space.
  private static let pool: (mountinfo: String, statvfs: String) = {
    var mounts = "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 21 0:40 / /tank rw - zfs tank rw\n"
    var answers = "/ 4096 10000000 4000000 3500000 2560000 2000000 rw\n/tank 131072 2 0 0 6 0 rw\n"
    for number in 1...32 {
      mounts += "4\(number) 30 0:1\(number) / /tank/b/pc\(number) rw - zfs tank/b/pc\(number) rw\n"
      answers += "/tank/b/pc\(number) 131072 \(80_000 + number) 0 0 1000 0 rw\n"
    }
    return (mounts, answers)
  }()

  @Test func aFullPoolIsOneAlarm() throws {
    let (list, _) = try filesystems(Self.pool.mountinfo, Self.pool.statvfs)
    #expect(list.count == 34)
    #expect(list.filter { $0.usage > 0.9 }.map(\.mountpoint) == ["/tank"])
    #expect(list.filter(\.isNearlyFull).count == 1)
    // Each has its share of the pool, and all shares add up to the whole.
    let parts = list.filter { $0.mountpoint.hasPrefix("/tank/") }.map(\.usage).reduce(0, +)
    #expect(abs(parts - 1) < 0.001)
    // Its inodes run out with its space.
    #expect(list.filter { $0.fstype == "zfs" }.allSatisfy { $0.inodesUsage.isNaN })
    // All of it survives an archive or another agent.
    let tank = try #require(list.first { $0.mountpoint == "/tank" })
    #expect(tank.used == 262_144 && tank.available == 0)
  }

  @Test func aPoolWithLittleSpaceIsFullThoughItsTopIsEmpty() throws {
    let mounts = """
      30 1 0:40 / /tank rw - zfs tank rw
      31 1 0:41 / /tank/a rw - zfs tank/a rw
      32 1 0:42 / /tank/b rw - zfs tank/b rw
      33 1 0:43 / /tank/quota rw - zfs tank/quota rw

      """
    func answers(free: Int) -> String {
      """
      /tank 1048576 \(free) \(free) \(free) 0 0 rw
      /tank/a 1048576 \(5_000_000 + free) \(free) \(free) 0 0 rw
      /tank/b 1048576 \(4_000_000 + free) \(free) \(free) 0 0 rw
      /tank/quota 1048576 1000 10 10 0 0 rw

      """
    }
    var (list, _) = try filesystems(mounts, answers(free: 500_000))
    #expect(list.filter(\.isNearlyFull).map(\.mountpoint) == ["/tank", "/tank/quota"])
    #expect(list.first { $0.mountpoint == "/tank/quota" }?.usage == 0.99)
    // With free space, each shows df's values, and a dataset that only contains others is omitted.
    (list, _) = try filesystems(mounts, answers(free: 5_000_000))
    #expect(list.map(\.mountpoint) == ["/tank/a", "/tank/b", "/tank/quota"])
    #expect(list[0].usage == 0.5 && abs(list[1].usage - 4.0 / 9) < 1e-9)
  }

  @Test func foldersOfTheHostAreOneVolume() throws {
    let (wsl, _) = try filesystems(
      """
      1 0 8:32 / / rw - ext4 /dev/sdc rw
      2 1 0:50 / /mnt/c rw - 9p C:\\134 rw,aname=drvfs;path=C:\\134
      3 1 0:51 / /usr/lib/wsl/drivers ro - 9p drivers ro
      4 1 0:52 / /mnt/d rw - 9p D:\\134 rw,aname=drvfs;path=D:\\134

      """,
      """
      / 4096 1000 900 900 100 90 rw
      /mnt/c 4096 500000 100000 100000 999 900 rw
      /usr/lib/wsl/drivers 4096 500000 99999 99999 999 900 ro
      /mnt/d 4096 700000 100000 100000 999 900 rw

      """)
    #expect(wsl.map(\.mountpoint) == ["/", "/mnt/c", "/mnt/d"])
    #expect(wsl[1].device == "C:\\")
    let (mac, _) = try filesystems(
      "1 0 8:1 / / rw - xfs /dev/vda4 rw\n2 1 0:50 / /Users rw - virtiofs a2a0ee rw\n"
        + "3 1 0:51 / /private rw - virtiofs 71708e rw\n",
      "/ 4096 1000 900 900 100 90 rw\n/Users 1048576 471482 60000 60000 0 0 rw\n/private 1048576 471482 60000 60000 0 0 rw\n"
    )
    #expect(mac.map(\.mountpoint) == ["/", "/Users"])
  }

  @Test func theOverlayAtTheRootAndTheDiskThatItWritesToAreOneVolume() throws {
    let (list, _) = try filesystems(
      """
      1 0 0:20 / / rw - overlay overlayfs:/overlay rw,lowerdir=/rom,upperdir=/overlay/upper,workdir=/overlay/work
      2 1 0:21 / /overlay rw - ubifs /dev/ubi0_1 rw
      3 1 8:1 / /data rw - ext4 /dev/sda1 rw

      """, "/ 4096 1000 100 100 50 9 rw\n/overlay 4096 1000 100 100 50 9 rw\n/data 4096 1000 100 100 60 9 rw\n")
    #expect(list.map(\.mountpoint) == ["/", "/data"])
  }

  @Test func fieldsMayBeEmpty() throws {
    let (list, _) = try filesystems(
      """
      21 1 0:30 / / rw shared:1 - tmpfs  rw,size=8000000k
      22 21 0:31 / /data rw shared:2 - fuse.s3fs  rw,user_id=0
      24 21 0:33 / /mnt/a rw - fuse.sshfs - rw

      """, "/ 4096 200 100 100 0 0 rw\n/data 4096 900 100 100 0 0 rw\n/mnt/a 4096 900 100 100 0 0 rw\n")
    #expect(list.map(\.mountpoint) == ["/", "/data", "/mnt/a"])
    #expect(list.map(\.device) == ["", "", "-"] && list.map(\.fstype) == ["tmpfs", "fuse.s3fs", "fuse.sshfs"])
    let bytes = Array(" /x ext4 rw 0 0\n/dev/a /y ext4 ro 0 0\n".utf8)
    #expect(MountsParser.mounts(bytes.span).map(\.mountpoint) == ["/x", "/y"])
  }

  @Test func aLimitKeepsTheLargest() throws {
    var mounts = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
    var answers = "/ 4096 10 5 5 0 0 rw\n"
    for number in 0..<600 {
      mounts += "2 1 9:\(number) / /a/\(number) rw - ext4 /dev/b\(number) rw\n"
      answers += "/a/\(number) 4096 \(1_000 + number) 5 5 0 0 rw\n"
    }
    mounts += "3 1 8:9 / /z/deep/below rw - ext4 /dev/sdz rw\n"
    answers += "/z/deep/below 4096 999999999 5 5 0 0 rw\n"
    let (list, collector) = try filesystems(mounts, answers)
    #expect(list.count == 512 && list[0].mountpoint == "/" && list.last?.mountpoint == "/z/deep/below")
    #expect(!list.contains { $0.mountpoint == "/a/0" } && list.contains { $0.mountpoint == "/a/599" })
    #expect(collector.note == "90 filesystems are not shown")
    #expect(try filesystems("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n", answers).collector.note == nil)
  }

  // MARK: Disks

  private func disks(_ lines: [String], _ files: [String: String] = [:]) throws -> [DiskReading] {
    var files = files
    files["proc/diskstats"] = lines.map { $0 + "\n" }.joined()
    var reading = Reading()
    try DiskCollector(root: try Fixture(files: files).root).read(into: &reading)
    return reading.disks
  }

  private static let namespaces: [String: String] = [
    "sys/block/nvme0n1/size": "7501476528\n", "sys/block/nvme0n1/device/model": "X\n",
    "sys/block/nvme0c0n1/size": "7501476528\n", "sys/block/nvme0c0n1/hidden": "1\n",
    "sys/block/nvme0c1n1/size": "7501476528\n", "sys/block/nvme0c1n1/hidden": "1\n",
  ]

  @Test func aNamespaceWhosePathsCountIsTheirSum() throws {
    let paths = ["0 0 nvme0c0n1 1 0 2 3 4 0 5 6 1 7 8", "0 0 nvme0c1n1 10 0 20 30 40 0 50 60 2 70 80"]
    // Before kernel 6.4; the order of the lines does not matter.
    for lines in [paths + ["259 1 nvme0n1 0 0 0 0 0 0 0 0 0 0 0"], ["259 1 nvme0n1 0 0 0 0 0 0 0 0 0 0 0"] + paths] {
      let disks = try disks(lines, Self.namespaces)
      #expect(disks.map(\.device) == ["nvme0n1"] && disks[0].isPhysical)
      #expect(disks[0].reads == 11 && disks[0].bytesRead == 22 * 512 && disks[0].readMilliseconds == 33)
      #expect(disks[0].writes == 44 && disks[0].bytesWritten == 55 * 512 && disks[0].writeMilliseconds == 66)
      #expect(disks[0].inFlight == 3 && disks[0].busyMilliseconds == 77 && disks[0].queueMilliseconds == 88)
    }
    // Since then: not counted twice.
    let later = try disks(paths + ["259 1 nvme0n1 11 0 22 33 44 0 55 66 3 70 88"], Self.namespaces)
    #expect(later.map(\.device) == ["nvme0n1"] && later[0].reads == 11 && later[0].busyMilliseconds == 70)
  }

  @Test func devicesWithoutALowerDeviceReplaceHardware() throws {
    let counters = "1 0 2 3 4 0 5 6 0 7 8"
    var files = ["sys/block/nbd0/size": "100\n", "sys/block/dm-0/size": "100\n", "sys/block/drbd0/size": "100\n"]
    files["sys/block/drbd0/slaves/nbd0/size"] = "100\n"
    let lines = ["43 0 nbd0 \(counters)", "253 0 dm-0 \(counters)", "147 0 drbd0 \(counters)"]
    #expect(try disks(lines, files).map(\.isPhysical) == [true, false, false])
    files["sys/block/sda/size"] = "100\n"
    files["sys/block/sda/device/model"] = "X\n"
    #expect(try disks(lines + ["8 0 sda \(counters)"], files).map(\.isPhysical) == [false, false, false, true])
  }

  // MARK: Networks

  /// An interface's files in sysfs: its type, and further files.
  struct Interface: Sendable {
    var name: String
    var type = 1
    var files: [String] = []
    var kind: String?
  }

  static let namespaces2: [(String, [Interface], [String])] = [
    ("slirp4netns", [Interface(name: "tap0", files: ["tun_flags"])], ["tap0"]),
    ("pasta", [Interface(name: "enp3s0", files: ["tun_flags"])], ["enp3s0"]),
    (
      "OpenVZ", [Interface(name: "venet0", type: 65_535), Interface(name: "tun0", type: 65_534, files: ["tun_flags"])],
      ["venet0"]
    ),
    (
      "macvlan and ipvlan", [Interface(name: "eth0", kind: "macvlan"), Interface(name: "eth1", kind: "ipvlan")],
      ["eth0", "eth1"]
    ),
    (
      "macvlan upon a NIC of the same namespace",
      [Interface(name: "eth0"), Interface(name: "mac0", files: ["lower_eth0"])], ["eth0"]
    ),
    ("veth that keeps its name", [Interface(name: "veth1")], ["veth1"]),
    (
      "a NIC beside what leads to containers within",
      [
        Interface(name: "eth0"), Interface(name: "docker0", files: ["bridge", "lower_veth5"]),
        Interface(name: "veth5", files: ["master"]), Interface(name: "cali12ab"),
        Interface(name: "flannel.1", kind: "vxlan"),
        Interface(name: "tunl0", type: 768), Interface(name: "kube-ipvs0"),
      ], ["eth0"]
    ),
    (
      "a NIC that is a bridge's port",
      [
        Interface(name: "eth0", files: ["master"]), Interface(name: "br0", files: ["bridge", "lower_eth0"]),
        Interface(name: "veth5", files: ["master"]),
      ], ["eth0"]
    ),
    (
      "a bond of two",
      [
        Interface(name: "eth0", files: ["master"]), Interface(name: "eth1", files: ["master"]),
        Interface(name: "bond0", files: ["bonding", "lower_eth0", "lower_eth1"], kind: "bond"),
      ], ["eth0", "eth1"]
    ),
    (
      "a VLAN upon a NIC", [Interface(name: "eth0"), Interface(name: "eth0.5", files: ["lower_eth0"], kind: "vlan")],
      ["eth0"]
    ),
    ("a VLAN whose parent is elsewhere", [Interface(name: "eth0.5", kind: "vlan")], ["eth0.5"]),
    (
      "WireGuard upon slirp4netns",
      [Interface(name: "tap0", files: ["tun_flags"]), Interface(name: "wg0", type: 65_534, kind: "wireguard")], ["tap0"]
    ),
    ("WireGuard alone", [Interface(name: "wg0", type: 65_534, kind: "wireguard")], ["wg0"]),
    ("a modem", [Interface(name: "ppp0", type: 512, kind: "ppp"), Interface(name: "wg0", type: 65_534)], ["ppp0"]),
    ("nothing but dummies", [Interface(name: "dummy0"), Interface(name: "ifb0")], []),
    (
      "hardware", [Interface(name: "eth0", files: ["device"]), Interface(name: "tap0", files: ["tun_flags"])], ["eth0"]
    ),
  ]

  @Test(arguments: namespaces2) func interfacesThatCarryTheTraffic(
    machine: String, interfaces: [Interface], counted: [String]
  ) throws {
    let numbers = ": 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
    var files = ["proc/net/dev": (["lo"] + interfaces.map(\.name)).map { $0 + numbers }.joined()]
    files["sys/class/net/lo/type"] = "772\n"
    for interface in interfaces {
      let folder = "sys/class/net/\(interface.name)/"
      files[folder + "type"] = "\(interface.type)\n"
      for file in interface.files { files[folder + file + "/x"] = "" }
      if let kind = interface.kind { files[folder + "uevent"] = "DEVTYPE=\(kind)\nINTERFACE=\(interface.name)\n" }
    }
    var reading = Reading()
    try NetworkCollector(root: try Fixture(files: files).root).read(into: &reading)
    #expect(reading.networks.filter(\.isPhysical).map(\.device) == counted, "\(machine)")
    let total = Network(totalOf: reading.networks.map { Network(from: nil, to: $0, over: Elapsed(seconds: 1)) })
    #expect(total.map(\.receiveTotal) == (counted.isEmpty ? nil : Double(counted.count)))
  }

  @Test func withoutSysfsNamesHaveToDo() throws {
    let numbers = ": 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
    func counted(_ names: [String]) throws -> [String] {
      let files = ["proc/net/dev": names.map { $0 + numbers }.joined()]
      let collector = NetworkCollector(root: try Fixture(files: files).root)
      var reading = Reading()
      try collector.read(into: &reading)
      #expect(collector.note?.contains("/sys/class/net") == true)
      return reading.networks.filter(\.isPhysical).map(\.device)
    }
    #expect(
      try counted(["lo", "eth0", "eth0:1", "wlan0", "docker0", "bond0", "eth0.5", "tun0", "veth1"]) == [
        "eth0", "wlan0",
      ])
    #expect(try counted(["lo", "tap0", "wg0"]) == ["tap0"])
    #expect(try counted(["lo", "tun0"]) == ["tun0"])
  }

  // MARK: Hidden

  @Test func hiddenPartsAreReported() throws {
    let empty = try Fixture(files: ["proc/version": ""])
    var reading = Reading()
    for (collector, note) in [
      (MemoryCollector(root: empty.root), "no /proc/meminfo"), (DiskCollector(root: empty.root), "no /proc/diskstats"),
      (NetworkCollector(root: empty.root), "no /proc/net/dev"),
    ] as [(any Collector, String)] {
      try collector.read(into: &reading)
      let said =
        (collector as? MemoryCollector)?.note ?? (collector as? DiskCollector)?.note
        ?? (collector as? NetworkCollector)?.note
      #expect(said == note)
    }
    #expect(SensorsCollector(root: empty.root).note?.contains("/sys/class") == true)
    try empty.write("0::/my.slice/x.service\n", to: "proc/self/cgroup")
    let cgroup = CgroupCollector(root: empty.root)
    try cgroup.read(into: &reading)
    #expect(reading.cgroup == nil && cgroup.note?.contains("/my.slice/x.service") == true)
    // A folder in place of a file is unreadable, for root too.
    for file in ["proc/meminfo", "proc/diskstats", "proc/net/dev"] { try empty.write("", to: file + "/x") }
    #expect(throws: CollectorError.self) { try MemoryCollector(root: empty.root).read(into: &reading) }
    #expect(throws: CollectorError.self) { try DiskCollector(root: empty.root).read(into: &reading) }
    #expect(throws: CollectorError.self) { try NetworkCollector(root: empty.root).read(into: &reading) }
    try empty.write("", to: "proc/self/mountinfo/x")
    #expect(throws: CollectorError.self) { try FilesystemCollector(root: empty.root).read(into: &reading) }
  }
}
