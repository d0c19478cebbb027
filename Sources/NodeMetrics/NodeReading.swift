/// Raw values of a machine that node_exporter exposes and a Reading lacks, at one instant.
///
/// Rows are filled in place from scrape to scrape, so that a steady machine's reading allocates no memory.
package struct NodeReading: Sendable {
  /// A row that is found again by its name.
  package protocol NamedRow: Sendable {
    var name: String { get }
    init(name: String)
  }

  /// A named number.
  package struct Count: NamedRow {
    package let name: String
    package var value: Int64 = 0

    package init(name: String) { self.name = name }
  }

  /// A line of /proc/meminfo.
  package struct MemoryLine: NamedRow {
    /// The key, "Active(anon)".
    package let name: String
    package var value: UInt64 = 0
    /// Whether the value is in bytes; a count otherwise.
    package var isBytes = false

    package init(name: String) { self.name = name }
  }

  /// A number of one protocol of /proc/net/sockstat.
  package struct SocketCount: NamedRow {
    /// Protocol and key, "TCP_mem".
    package let name: String
    package var value: UInt64 = 0
    /// The value in bytes where the kernel counts pages.
    package var bytes: UInt64?

    package init(name: String) { self.name = name }
  }

  /// A device with counters in the order of the kernel's file; older kernels have fewer.
  package struct DeviceCounters: NamedRow {
    package let name: String
    package var values: [UInt64] = []

    package init(name: String) { self.name = name }
  }

  /// A CPU's line of /proc/net/softnet_stat.
  package struct SoftnetRow: Sendable {
    package var cpu = 0
    package var values: [UInt64] = []

    package init() {}
  }

  /// A CPU's line of /proc/schedstat.
  package struct SchedulerRow: Sendable {
    package let cpu: Int
    package let runningNanoseconds: UInt64
    package let waitingNanoseconds: UInt64
    package let timeslices: UInt64

    package init(cpu: Int, runningNanoseconds: UInt64, waitingNanoseconds: UInt64, timeslices: UInt64) {
      self.cpu = cpu
      self.runningNanoseconds = runningNanoseconds
      self.waitingNanoseconds = waitingNanoseconds
      self.timeslices = timeslices
    }
  }

  /// Sums over the lines of a list of sockets.
  package struct SocketTotals: Sendable {
    /// Sockets by the number of their state (include/net/tcp_states.h); 1 is ESTABLISHED.
    package var states = [Int64](repeating: 0, count: 13)
    package var transmitQueue: UInt64 = 0
    package var receiveQueue: UInt64 = 0

    package init() {}
  }

  /// Names of the system from uname(2).
  package struct SystemNames: Sendable {
    package var domain = ""
    package var machine = ""
    package var node = ""
    package var release = ""
    package var system = ""
    package var version = ""

    package init() {}
  }

  /// The wall clock and its discipline by adjtimex(2).
  package struct ClockState: Sendable {
    /// POSIX time.
    package var time = 0.0
    package var discipline: ClockDiscipline?

    package init() {}
  }

  /// struct timex, in seconds, hertz and ratios.
  package struct ClockDiscipline: Sendable {
    package var isSynchronized = false
    package var offset = 0.0, frequencyRatio = 0.0, maximumError = 0.0, estimatedError = 0.0
    package var status = 0, timeConstant = 0, taiOffset = 0
    package var tick = 0.0
    package var ppsFrequency = 0.0, ppsJitter = 0.0, ppsInterval = 0.0, ppsStability = 0.0
    package var ppsJitterCount = 0, ppsCalibrations = 0, ppsErrors = 0, ppsUnstable = 0

    package init() {}
  }

  /// Files of /proc that hold one number.
  package struct Numbers: Sendable {
    package var entropy, entropyPool, trackedConnections, trackedConnectionsLimit: UInt64?
    package var pidLimit, threadLimit, hungTasks: UInt64?

    package init() {}
  }

  /// Lines of /proc/meminfo; empty if it cannot be read.
  package var memory: [MemoryLine] = []
  /// Counters of /proc/vmstat.
  package var vmstat: [Count] = []
  /// Block devices, as node_exporter selects them; nil if /proc/diskstats has none, selected or not.
  package var disks: [DeviceCounters]?
  /// Interfaces but `lo` with the 16 counters of /proc/net/dev; nil if it has none, `lo` included.
  package var traffic: [DeviceCounters]?
  /// Counters of the network protocols, "Tcp_ActiveOpens", in the order of the files.
  package var protocols: [Count] = []
  /// Counts of /proc/net/sockstat and sockstat6.
  package var sockets: [SocketCount] = []
  /// Rows of /proc/net/softnet_stat.
  package var softnet: [SoftnetRow] = []
  /// Neighbors by interface.
  package var neighbors: [Count] = []
  /// UDP's sockets over IPv4 and IPv6; nil if absent.
  package var udp, udp6: SocketTotals?
  /// TCP's sockets; nil where they are too many to count.
  package var tcp: SocketTotals?
  package var scheduler: [SchedulerRow] = []
  package var numbers = Numbers()
  /// File handles and their maximum.
  package var fileHandles: (allocated: UInt64, maximum: UInt64)?
  package var names: SystemNames?
  /// The distribution from os-release(5): label and value, empty for absent variables.
  package var distribution: [(key: String, value: String)] = []
  /// Nil for a recording.
  package var clock: ClockState?
  /// Answers of drivers; nil if they are late.
  package var devices: DeviceReading?

  /// Creates an empty reading.
  package init() {}
}
