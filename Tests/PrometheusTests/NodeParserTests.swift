import CollectLinux
import KernelFiles
import NodeMetrics
import SystemIO
import TestSupport
import Testing

@testable import CollectNode
@testable import PrometheusExport

/// Parsers of files that only scrapes read.
@Suite struct NodeParserTests {
  /// The lines that a scrape has of values read from a text.
  static func lines(_ text: String, _ read: (Span<UInt8>, inout NodeReading) -> Void) -> [String] {
    let bytes = Array(text.utf8)
    var reading = NodeReading()
    read(bytes.span, &reading)
    var exposition = Exposition(.text)
    NodeKernelWriter.write(reading, to: &exposition)
    return String(decoding: exposition.finish(), as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }
      .map(String.init)
  }

  @Test func meminfo() {
    let text = "MemTotal:  100 kB\nActive(anon):   2 kB\nHugePages_Total:     3\nCut:  4 k\nEnd: 5"
    #expect(
      Self.lines(text) { NodeMemory.readMeminfo($0, into: &$1.memory) } == [
        "node_memory_MemTotal_bytes 102400", "node_memory_Active_anon_bytes 2048", "node_memory_HugePages_Total 3",
      ])
    #expect(Self.lines("Huge: 18446744073709551615 kB\n") { NodeMemory.readMeminfo($0, into: &$1.memory) } == [])
  }

  @Test func vmstat() {
    let text = """
      nr_free_pages 1
      pgpgin 2
      pswpout 3
      pgfault 4
      pgmajfault 5
      pgalloc_dma 6
      oom_kill 7
      pgfree 8
      pgpgout 9
      """
    #expect(
      Self.lines(text) { NodeMemory.readVmstat($0, into: &$1.vmstat) } == [
        "node_vmstat_pgpgin 2", "node_vmstat_pswpout 3", "node_vmstat_pgfault 4", "node_vmstat_pgmajfault 5",
        "node_vmstat_oom_kill 7",
      ])
  }

  @Test func diskstats() {
    let text = """
       254 0 vda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17
       8 1 sda1 1 2 3 4 5 6 7 8 9 10 11
       104 0 cciss/c0d0 21 22 23 24 25 26 27 28 29 30 31
       7 0 loop0 1 2 3 4 5 6 7 8 9 10 11
       8 0 sdb 1 2 3 4

      """
    let lines = Self.lines(text) { NodeDisks.read($0, into: &$1.disks) }
    #expect(lines.contains("node_disk_reads_completed_total{device=\"vda\"} 1"))
    #expect(lines.contains("node_disk_read_bytes_total{device=\"vda\"} 1536"))
    #expect(lines.contains("node_disk_read_time_seconds_total{device=\"vda\"} 0.004"))
    #expect(lines.contains("node_disk_io_time_weighted_seconds_total{device=\"cciss/c0d0\"} 0.031"))
    #expect(lines.contains("node_disk_flush_requests_time_seconds_total{device=\"vda\"} 0.017"))
    #expect(lines.count { $0.contains("cciss") } == 11 && lines.count { $0.contains("vda") } == 17)
    #expect(lines.count == 28)
  }

  @Test(arguments: [
    ("sda", false), ("sda1", true), ("sdaa", false), ("vda", false), ("vda12", true), ("xvda1", true), ("hdc3", true),
    ("nvme0n1", false), ("nvme0n1p2", true), ("mmcblk0p1", false), ("dm-0", false), ("md127", false), ("zram0", false),
    ("ram0", true), ("loop12", true), ("fd0", true), ("sr0", false), ("fda", false), ("sd", false), ("", false),
  ]) func leftOutDevices(name: String, isLeftOut: Bool) {
    #expect(NodeDisks.isLeftOut(Array(name.utf8).span) == isLeftOut)
  }

  @Test func traffic() {
    let text = """
      Inter-|   Receive                                                |  Transmit
       face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier
          lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
        eth0:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
      eth0:1: 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36
        cut: 1 2 3

      """
    let lines = Self.lines(text) { NodeTraffic.read($0, into: &$1.traffic) }
    #expect(lines.count == 32)
    #expect(lines.first == "node_network_receive_bytes_total{device=\"eth0\"} 1")
    #expect(lines.contains("node_network_receive_multicast_total{device=\"eth0:1\"} 28"))
    #expect(lines.last == "node_network_transmit_compressed_total{device=\"eth0:1\"} 36")
  }

  @Test func netstat() {
    let text = """
      Ip: Forwarding DefaultTTL
      Ip: 1 64
      Tcp: RtoAlgorithm MaxConn ActiveOpens CurrEstab
      Tcp: 1 -1 5 6
      TcpExt: SyncookiesSent TCPTimeouts
      TcpExt: 7
      UdpLite: InDatagrams InErrors
      UdpLite: 1 2

      """
    #expect(
      Self.lines(text) { NetstatParser.addPairs($0, to: &$1.protocols) } == [
        "node_netstat_Ip_Forwarding 1", "node_netstat_Tcp_MaxConn -1", "node_netstat_Tcp_ActiveOpens 5",
        "node_netstat_Tcp_CurrEstab 6", "node_netstat_TcpExt_SyncookiesSent 7", "node_netstat_UdpLite_InErrors 2",
      ])
    let six = "Ip6InReceives \t3\nIp6InOctets \t384\nUdpLite6InErrors \t1\nIcmp6OutMsgs 29\nIcmp6InMsgs 4"
    #expect(
      Self.lines(six) { NetstatParser.addLines($0, to: &$1.protocols) } == [
        "node_netstat_Ip6_InOctets 384", "node_netstat_UdpLite6_InErrors 1", "node_netstat_Icmp6_OutMsgs 29",
      ])
  }

  @Test func sockstat() {
    let text = "sockets: used 121\nTCP: inuse 8 orphan 0 tw 33 alloc 9 mem 2\nFRAG: inuse 0 memory 5\nUDP: inuse 1 mem"
    var (connections, used): (UInt64, Int) = (0, 0)
    #expect(
      Self.lines(text) {
        connections = SockstatParser.parse($0, pageSize: 4_096, into: &$1.sockets, &used)
      } == [
        "node_sockstat_sockets_used 121", "node_sockstat_TCP_inuse 8", "node_sockstat_TCP_orphan 0",
        "node_sockstat_TCP_tw 33", "node_sockstat_TCP_alloc 9", "node_sockstat_TCP_mem 2",
        "node_sockstat_TCP_mem_bytes 8192", "node_sockstat_FRAG_inuse 0", "node_sockstat_FRAG_memory 5",
      ])
    #expect(connections == 41)
  }

  @Test func softnet() {
    let text = """
      0000c11a 00000001 0000000a 00000000 00000000 00000000 00000000 00000000 00000000 0000000f 00000010 00000000 00000002
      000000ff 00000000 00000000

      """
    #expect(
      Self.lines(text) { SoftnetParser.parse($0, into: &$1.softnet) } == [
        "node_softnet_processed_total{cpu=\"2\"} 49434", "node_softnet_processed_total{cpu=\"1\"} 255",
        "node_softnet_dropped_total{cpu=\"2\"} 1", "node_softnet_dropped_total{cpu=\"1\"} 0",
        "node_softnet_times_squeezed_total{cpu=\"2\"} 10", "node_softnet_times_squeezed_total{cpu=\"1\"} 0",
        "node_softnet_received_rps_total{cpu=\"2\"} 15", "node_softnet_flow_limit_count_total{cpu=\"2\"} 16",
      ])
  }

  @Test func neighbours() {
    let text = """
      IP address       HW type     Flags       HW address            Mask     Device
      192.0.2.1        0x1         0x2         02:00:00:00:00:05     *        eth0
      192.0.2.2        0x1         0x2         02:00:00:00:00:06     *        eth0
      192.0.2.3        0x1         0x2         02:00:00:00:00:07     *        wlan0
      192.0.2.4        0x1
      """
    #expect(
      Self.lines(text) { ARPParser.parse($0, into: &$1.neighbors) } == [
        "node_arp_entries{device=\"eth0\"} 2", "node_arp_entries{device=\"wlan0\"} 1",
      ])
  }

  @Test func sockets() {
    let text = """
        sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
         0: 0100007F:4959 00000000:0000 0A 00000000:00000005 00:00000000 00000000     0
         1: 0100007F:4959 0100007F:1111 01 00000010:00000020 00:00000000 00000000     0
         2: 0100007F:4959 0100007F:1112 06 00000000:00000000 03:00000000 00000000     0
         3: 0100007F:4959 0100007F:1112 FF 00000000:00000000 03:00000000 00000000     0

      """
    let lines = Self.lines(text) { bytes, reading in
      var totals = NodeReading.SocketTotals()
      totals.add(bytes)
      reading.tcp = totals
      reading.udp = totals
    }
    #expect(lines.contains("node_tcp_connection_states{state=\"established\"} 1"))
    #expect(lines.contains("node_tcp_connection_states{state=\"time_wait\"} 1"))
    #expect(lines.contains("node_tcp_connection_states{state=\"listen\"} 1"))
    #expect(lines.contains("node_tcp_connection_states{state=\"rx_queued_bytes\"} 32"))
    #expect(lines.contains("node_tcp_connection_states{state=\"tx_queued_bytes\"} 16"))
    #expect(lines.contains("node_udp_queues{ip=\"v4\",queue=\"rx\"} 32"))
    #expect(!lines.contains { $0.contains("v6") })
    #expect(lines.count == 15)
  }

  @Test func schedstat() {
    let text = """
      version 17
      timestamp 4295000000
      cpu0 0 0 1 2 3 4 1500000000 20 7
      domain0 SMT 3 1 2 3
      cpu12 0 0 1 2 3 4 5 6

      """
    #expect(
      Self.lines(text) { SchedstatParser.parse($0, into: &$1.scheduler) } == [
        "node_schedstat_running_seconds_total{cpu=\"0\"} 1.5",
        "node_schedstat_waiting_seconds_total{cpu=\"0\"} 0.00000002",
        "node_schedstat_timeslices_total{cpu=\"0\"} 7",
      ])
  }

  /// Rows are reused from scrape to scrape: those of files that change must not keep values or names of before.
  @Test func rowsFollowTheirFile() {
    var reading = NodeReading()
    for (text, rows) in [
      ("a: 1 kB\nb: 2\n", [("a", 1_024), ("b", 2)]), ("b: 3\n", [("b", 3)]),
      ("c: 4\nb: 5 kB\na: 6\n", [("c", 4), ("b", 5_120), ("a", 6)]),
    ] as [(String, [(String, UInt64)])] {
      NodeMemory.readMeminfo(Array(text.utf8).span, into: &reading.memory)
      #expect(reading.memory.map(\.name) == rows.map(\.0) && reading.memory.map(\.value) == rows.map(\.1))
      #expect(reading.memory.map(\.isBytes) == rows.map { $0.1 >= 1_024 })
    }
    for (text, names) in [
      ("TCP: inuse 8 mem 2\n", ["TCP_inuse", "TCP_mem"]), ("TCPX: nuse 1\n", ["TCPX_nuse"]), ("", []),
    ] {
      var used = 0
      SockstatParser.parse(Array(text.utf8).span, pageSize: 4_096, into: &reading.sockets, &used)
      reading.sockets.cut(to: used)
      #expect(reading.sockets.map(\.name) == names)
    }
  }

  @Test func numbers() {
    func number(_ text: String) -> Int64? { NumberParser.number(Array(text.utf8).span) }
    #expect(number("0x1003\n") == 4_099)
    #expect(number("-1\n") == -1)
    #expect(number("0x\n") == nil)
    #expect(number("up\n") == nil)
    #expect(number("0xffffffffffffffff\n") == .max)
    #expect(number("") == nil)
  }

  @Test func ownProcess() {
    let text = "12 (a) b)) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 1 18 555 4096 77 18446744073709551615 1"
    let metrics = ProcessStatParser.usage(Array(text.utf8).span)
    #expect(metrics?.start == 555 && metrics?.virtual == 4_096 && metrics?.residentPages == 77)
    #expect(ProcessStatParser.usage(Array("12 (a) S 1 2".utf8).span) == nil)
    #expect(ProcessStatParser.usage(Array("".utf8).span) == nil)
  }

  @Test func distribution() {
    let text = "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nVERSION=\"12 (x)\"\nID=debian"
    func value(_ variable: String) -> String? { OSReleaseParser.value(Array(text.utf8).span, of: variable) }
    #expect(value("NAME") == "Debian GNU/Linux")
    #expect(value("VERSION") == "12 (x)")
    #expect(value("VERSION_ID") == "12")
    #expect(value("ID") == "debian")
    #expect(value("BUILD_ID") == nil)
  }

  @Test(arguments: [
    "MemTotal:  100 kB\nActive(anon):   2 kB\nHugePages_Total:     3\n",
    "pgpgin 2\npswpout 3\npgmajfault 5\noom_kill 7\n",
    "   8 0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n 259 1 nvme0n1p1 1 2 3 4 5 6 7 8 9 10 11\n",
    "a|b\n c|d\n  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n",
    "Tcp: MaxConn ActiveOpens\nTcp: -1 5\nUdp: InDatagrams\nUdp: 3\nIp6InOctets 384\nUdp6InErrors 7\n",
    "TCP: inuse 8 orphan 0 tw 33 alloc 9 mem 2\nFRAG: inuse 0 memory 5\n",
    "0000c11a 1 a 0 0 0 0 0 0 f 10 0 2\nff 0 0\n",
    "IP HW Flags\n192.0.2.1 0x1 0x2 02:00:00:00:00:05 * eth0\n",
    "sl\n 0: 0100007F:4959 0100007F:1111 01 00000010:00000020 00:0\n",
    "version 17\ncpu0 0 0 1 2 3 4 1500000000 20 7\n",
    "12 (a) b)) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 1 18 555 4096 77 1\n2690 0 2466174\n0x1003\n",
  ]) func parsersSurviveAnything(text: String) throws {
    surviveTruncationAndMutation(of: Array(text.utf8), mutations: 2_000) { bytes in
      var reading = NodeReading()
      NodeMemory.readMeminfo(bytes, into: &reading.memory)
      NodeMemory.readVmstat(bytes, into: &reading.vmstat)
      NodeDisks.read(bytes, into: &reading.disks)
      NodeTraffic.read(bytes, into: &reading.traffic)
      NetstatParser.addPairs(bytes, to: &reading.protocols)
      NetstatParser.addLines(bytes, to: &reading.protocols)
      var used = 0
      SockstatParser.parse(bytes, pageSize: 65_536, into: &reading.sockets, &used)
      SoftnetParser.parse(bytes, into: &reading.softnet)
      ARPParser.parse(bytes, into: &reading.neighbors)
      var totals = NodeReading.SocketTotals()
      totals.add(bytes)
      reading.tcp = totals
      SchedstatParser.parse(bytes, into: &reading.scheduler)
      _ = FileNumbersParser.parse(bytes)
      _ = ProcessStatParser.usage(bytes)
      _ = NumberParser.number(bytes)
      _ = OSReleaseParser.value(bytes, of: "NAME")
      var exposition = Exposition(.text)
      NodeKernelWriter.write(reading, to: &exposition)
      // Every line is valid, whatever the kernel's file contains.
      for line in exposition.finish().split(separator: UInt8(ascii: "\n")) {
        #expect(
          line.first == UInt8(ascii: "#") || line.starts(with: "node_".utf8), "\(String(decoding: line, as: UTF8.self))"
        )
      }
    }
  }
}
