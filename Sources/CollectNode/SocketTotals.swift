internal import KernelFiles
internal import NodeMetrics
internal import SystemIO

extension NodeReading.SocketTotals {
  /// Adds the sockets of a list.
  mutating func add(_ bytes: Span<UInt8>) {
    var position = 0
    while let line = SocketListParser.next(bytes, &position) {
      if let state = Int(exactly: line.state), state < states.count { states[state] += 1 }
      transmitQueue &+= line.transmitQueue
      // A listener's is the number of connections waiting to be accepted.
      if line.state != 10 { receiveQueue &+= line.receiveQueue }
    }
  }
}
