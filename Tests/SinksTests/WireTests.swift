import AgentMetrics
import CSnappy
import Testing

@testable import Outbox
@testable import Sinks

@Suite struct WireTests {
  private let labels = SeriesLabels(external: [PushLabel(name: "job", value: "agent")].compactMap(\.self))
  private let batch: PushBatch

  init() {
    let machine = SmallMachine(start: 1_770_000_000)
    batch = PushBatch(
      [machine.sample(1), machine.sample(2, gpus: 1)], after: PushBatch([machine.sample(0)], after: []).present)
  }

  private func expect(_ received: Received) {
    #expect(received.series.count == batch.series.count)
    for (series, expected) in zip(received.series, batch.series) {
      #expect(series.labels.elementsEqual(labels.labels(of: expected.key)) { $0 == $1 })
      #expect(series.points.map(\.milliseconds) == expected.points.map(\.milliseconds))
      #expect(series.points.map(\.bits) == expected.points.map(\.bits))
    }
  }

  @Test("Remote write 1.0, compressed and back")
  func version1() throws {
    let bytes = RemoteWrite.version1(batch, labels)
    let compressed = Snappy.compress(bytes)
    #expect(compressed.count < bytes.count / 2)
    let received = try Received(version1: try Received.uncompress(compressed))
    expect(received)
  }

  @Test("Windows' encoder of Snappy's format, read by the library")
  func encoder() throws {
    var state: UInt64 = 7
    func random() -> UInt8 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
    var inputs = [RemoteWrite.version1(batch, labels), [], [UInt8](repeating: 7, count: 200_000)]
    // Around the limits of an element's length and of a fragment.
    for count in [1, 3, 4, 5, 59, 60, 61, 64, 67, 68, 255, 256, 257, 65_535, 65_536, 65_537, 200_000] {
      inputs.append((0..<count).map { _ in random() })
      inputs.append((0..<count).map { _ in random() & 1 })
      inputs.append((0..<count).map { UInt8(truncatingIfNeeded: $0 % 7) })
    }
    for input in inputs {
      var encoded = [UInt8](repeating: 0, count: csnappy_bound(input.count))
      let count = csnappy_encode(input, input.count, &encoded)
      #expect(count <= encoded.count)
      #expect(try Received.uncompress(Array(encoded.prefix(count))) == input)
    }
    var encoded = [UInt8](repeating: 0, count: csnappy_bound(inputs[0].count))
    #expect(csnappy_encode(inputs[0], inputs[0].count, &encoded) < inputs[0].count / 2)
  }

  @Test("Remote write 2.0: symbols, and metadata")
  func version2() throws {
    let bytes = RemoteWrite.version2(batch, labels)
    let received = try Received(version2: bytes)
    expect(received)
    for series in received.series {
      let name = series.labels.first { $0.name == "__name__" }?.value ?? ""
      #expect(series.type == (name.hasSuffix("_total") ? 1 : name.hasSuffix("_info") ? 6 : 2), "\(name)")
      #expect(series.help?.isEmpty == false)
    }
  }

  @Test("OTLP: gauges and sums with their points; an end is a point without a value")
  func otlp() throws {
    let request = try ProtobufReader(OTLP.request(batch, labels))
    let resource = try #require(try request.messages(1).first)
    let attribute = try #require(try resource.messages(1).first?.messages(1).first)
    #expect(attribute.string(1) == "service.name")
    #expect(try attribute.messages(2).first?.string(1) == "agent")
    let metrics = try #require(try resource.messages(2).first).messages(2)
    var points = 0
    var ends = 0
    for metric in metrics {
      let name = metric.string(1) ?? ""
      let gauges = try metric.messages(5)
      let sums = try metric.messages(7)
      #expect(gauges.count + sums.count == 1)
      #expect(sums.isEmpty == !name.hasSuffix("_total"))
      if let sum = sums.first { #expect(sum.number(2) == 2 && sum.number(3) == 1) }
      for point in try (gauges + sums).flatMap({ try $0.messages(1) }) {
        points += 1
        #expect((point.number(3) ?? 0) % 1_000_000_000 == 0)
        if point.number(8) == 1 { ends += 1 } else { #expect(point.number(4) != nil) }
      }
    }
    #expect(points == batch.count)
    #expect(ends == batch.series.filter { $0.points.contains { $0.bits == PushBatch.stale } }.count)
    #expect(ends > 0)
  }

  @Test("InfluxDB's lines: the fields of equal labels and times share one, and ends are left out")
  func influx() throws {
    let body = String(decoding: InfluxLine().body(batch, labels), as: UTF8.self)
    let lines = body.split(separator: "\n")
    var values = 0
    for line in lines {
      let parts = line.replacing("\\ ", with: "_").split(separator: " ")
      #expect(parts.count == 3, "\(line)")
      #expect(parts[0].hasPrefix("agent,") && parts[0].contains(",job=agent"))
      #expect(parts[2].count == 19 && parts[2].hasSuffix("000000"))
      for field in parts[1].split(separator: ",") {
        values += 1
        #expect(field.split(separator: "=").last.flatMap { Double($0) } != nil, "\(field)")
      }
    }
    let ends = batch.series.reduce(0) { $0 + $1.points.count { $0.bits == PushBatch.stale } }
    #expect(ends > 0 && values == batch.count - ends)
    let places = lines.map { line in
      let parts = line.replacing("\\ ", with: "_").split(separator: " ")
      return parts[0] + " " + parts[2]
    }
    #expect(Set(places).count == lines.count)
  }

  @Test("InfluxDB's lines escape separators, and no name can end a line or swallow a separator")
  func influxEscapes() throws {
    let hostile = SeriesLabels(
      external: [
        PushLabel(name: "path", value: "a b,c=d\ne\\"), PushLabel(name: "job", value: "agent"),
      ].compactMap(\.self))
    let body = String(decoding: InfluxLine().body(PushBatch(probeAt: 1_770_000_000_000), hostile), as: UTF8.self)
    #expect(body == #"agent,job=agent,path=a\ b\,c\=d\ e/ push_probe=1.0 1770000000000000000"# + "\n")
  }

  @Test("Numbers of every length")
  func varints() throws {
    for value: UInt64 in [0, 1, 127, 128, 300, 1 << 31, 1 << 63, .max] {
      var writer = ProtobufWriter()
      writer.varint(1, value)
      writer.fixed64(16, value)
      let reader = try ProtobufReader(writer.bytes)
      #expect(reader.number(1) == value)
      #expect(reader.number(16) == value)
    }
    // protobuf.dev/programming-guides/encoding: field 1 with 150.
    var writer = ProtobufWriter()
    writer.varint(1, 150)
    #expect(writer.bytes == [0x08, 0x96, 0x01])
  }
}
