import AgentMetrics
import CZlib
import SampleStore
import Testing

@testable import API

/// Compressed responses: contents and negotiation.
@Suite struct GzipTests {
  /// Decompresses a gzip stream; nil if its header, checksum or length is wrong.
  static func unpacked(_ stream: [UInt8]) -> [UInt8]? {
    guard stream.count > 18, stream.prefix(4) == [0x1F, 0x8B, 8, 0] else { return nil }
    let length = stream.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    let crc = stream.suffix(8).prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    let deflated = Array(stream.dropFirst(10).dropLast(8))
    let bytes = [UInt8](unsafeUninitializedCapacity: length + 1) { buffer, count in
      count = czlib_inflate(deflated, deflated.count, buffer.baseAddress, buffer.count)
    }
    return bytes.count == length && czlib_crc(0, bytes, bytes.count) == crc ? bytes : nil
  }

  private static func get(_ api: API, _ target: String, _ accept: String? = "gzip") async -> API.Response {
    await api.respond(to: API.Request(target: target, headers: accept.map { [("Accept-Encoding", $0)] } ?? []))
  }

  private static func api() -> API {
    API(history: MadeUpSample.history(samples: 30)) {
      ProcessSnapshot(processes: (1...20).map { process($0, cpu: 1) })
    }
  }

  @Test(arguments: [
    "/metrics/latest", "/metrics/history", "/metrics/history?seconds=10", "/metrics/history?step=30", "/catalog",
    "/metrics/history?metrics=*", "/metrics/history?format=csv", "/processes", "/openapi.json", "/ui/", "/ui/style.css",
    "/metrics/at?time=1770273850",
  ]) func theSameBytesCompressed(target: String) async {
    let api = Self.api()
    // Twice, with and without a cached response.
    for _ in 0..<2 {
      let plain = await Self.get(api, target, nil)
      let packed = await Self.get(api, target)
      #expect(plain.status == 200 && plain[header: "content-encoding"] == nil)
      #expect(packed[header: "content-encoding"] == "gzip")
      #expect(packed[header: "content-length"] == String(packed.body.count))
      #expect(packed[header: "vary"] == "Accept-Encoding" && plain[header: "vary"] == "Accept-Encoding")
      #expect(Self.unpacked(packed.body) == plain.body)
      #expect(packed.body.count < plain.body.count)
      // A strong tag of the plain bytes is weak for the compressed ones.
      let tag = plain[header: "etag"]
      #expect(packed[header: "etag"] == tag.map { $0.hasPrefix("W/") ? $0 : "W/" + $0 })
    }
  }

  @Test func samplesAreCompressedOnceAndOldOnesComeOutOfTheirBlock() async throws {
    let history = MadeUpSample.history(samples: 3)
    let api = API(history: history)
    let entries = history.all
    _ = await Self.get(api, "/metrics/history?seconds=30")
    for entry in entries.dropLast() {
      let (plain, block) = entry.withText { ($0.plain, $0.block) }
      #expect(plain == nil && block != nil)
      #expect(block.map(Gzip.bytes) == SampleJSON.encode(entry.sample))
      #expect(SampleJSON.count(of: entry) == SampleJSON.encode(entry.sample).count)
    }
    // After a replacement the new block is served.
    entries[0].withText { $0.block = Gzip.block(of: Array("other".utf8)) }
    #expect(
      String(decoding: await Self.get(api, "/metrics/history?seconds=30", nil).body, as: UTF8.self).hasPrefix(
        #"{"interval_sec":10,"samples":[other,{"t"#))
    let packed = await Self.get(api, "/metrics/history?seconds=30").body
    #expect(Self.unpacked(packed).map { String(decoding: $0.prefix(40), as: UTF8.self) }?.contains("other") == true)
  }

  @Test func repeatedRequestsForThePastAreServedFromTheCache() async throws {
    let history = MadeUpSample.history(samples: 5)
    let api = API(history: history)
    func plain() -> [Bool] { history.all.dropLast().map { $0.withText { $0.plain != nil } } }
    let first = await Self.get(api, "/metrics/history?seconds=3600", nil)
    #expect(plain() == [false, false, false, false])
    _ = await Self.get(api, "/metrics/history?seconds=3600")
    #expect(plain() == [false, false, false, false])
    #expect(await Self.get(api, "/metrics/history?seconds=3600", nil).body == first.body)
    #expect(plain() == [true, true, true, true])
    #expect(await Self.get(api, "/metrics/history?seconds=3600", nil).body == first.body)
    // No further requests.
    for minute in 1...4 {
      var sample = MadeUpSample.sample(at: MadeUpSample.time + Double(minute * 60))
      sample.boottime = (history.latest?.sample.boottime ?? 0) + 60
      history.append(sample)
    }
    #expect(history.all.dropLast().allSatisfy { $0.withText { $0.plain == nil } })
    #expect(await Self.get(api, "/metrics/history?seconds=3600", nil).status == 200)
    #expect(history.all.dropLast().allSatisfy { $0.withText { $0.plain == nil } })
  }

  @Test func blocksOfAnySize() throws {
    var random = SystemRandomNumberGenerator()
    for count in [0, 1, 31, 32, 65_535, 65_536, 200_000] {
      let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      #expect(Gzip.bytes(of: Gzip.block(of: noise)) == noise, "\(count)")
      #expect(Self.unpacked(Gzip.stream(of: [.bytes(noise)])) == noise, "\(count)")
      // As when zlib has no memory.
      let stored = Gzip.stored(noise, ends: true)
      let back = [UInt8](unsafeUninitializedCapacity: count + 1) { buffer, written in
        written = czlib_inflate(stored, stored.count, buffer.baseAddress, buffer.count)
      }
      #expect(back == noise, "\(count)")
    }
  }

  @Test func shortBodiesAreNotCompressed() async {
    for target in ["/health", "/version", "/nowhere", "/"] {
      let response = await Self.get(Self.api(), target)
      #expect(response[header: "content-encoding"] == nil && response[header: "vary"] == nil)
    }
  }

  @Test(
    arguments: [
      (nil, false), ("", false), ("gzip", true), ("x-gzip", true), ("GZIP", true), ("gzip, deflate, br", true),
      ("deflate;q=1, gzip;q=0.2", true), ("br", false), ("identity", false), ("gzip;q=0", false),
      ("gzip; q=0.000", false),
      ("*", true), ("*;q=0", false), ("gzip;q=0, *", false), ("*;q=0, gzip", true), ("identity, gzip;q=0.5", false),
      ("identity;q=0.5, gzip;q=0.5", true), ("gzip;q=x", false), (";;,,gzip", true), ("gzip;level=9;q=0.1", true),
    ] as [(String?, Bool)]) func negotiation(header: String?, isWanted: Bool)
  {
    #expect(API.Response.acceptsGzip(header) == isWanted)
  }

  @Test func headReportsTheLengthOfTheCompressedBody() async {
    let api = Self.api()
    let headers = [(name: "accept-encoding", value: "gzip")]
    let get = await api.respond(to: API.Request(target: "/catalog", headers: headers))
    let head = await api.respond(to: API.Request(method: "HEAD", target: "/catalog", headers: headers))
    #expect(head.body.isEmpty && head[header: "content-length"] == String(get.body.count))
    #expect(head[header: "content-encoding"] == "gzip")
  }
}
