/// A compressed array of integers with gaps.
///
/// Layout: a byte of flags; unless all slots are absent, the first present integer (zigzag varint) and, if flag *step*
/// is set, the greatest common divisor g of all differences from it (varint); then a range-coded stream to the end.
///
/// Flags: bits 0–2 *smoothing* s; bit 3 *slope*; bit 4 *step*; bit 5 *gaps*; bits 6–7 form: 0 coded, 1 all slots hold
/// the first integer, 2 all slots are absent.
///
/// The stream: if *gaps* is set, each slot begins with a bit, 1 for absent, with one bit model for each state of the
/// slot before. Each present integer v is w = (v − first) ÷ g; after the first, which has w = 0, it is coded as the
/// difference (``IntegerModel``) from a prediction. Without *slope* x = w; with it x = w minus the previous w, and the
/// first has no x. The prediction of x is ⌊a ÷ 2^s⌋, where a starts at 0 and the n-th x adds its prediction error,
/// times 2^s ÷ n as long as n < 2^s: a mean of all x at first, then of the last ones, for s = 0 the previous x. With
/// *slope*, the previous w is added. All arithmetic is modulo 2⁶⁴; all quotients are rounded towards 0 unless stated
/// otherwise. The writer chooses the s and slope that probably give the shortest stream.
enum ColumnCodec {
  private enum ColumnForm: UInt8 {
    case coded = 0, constant, empty
  }

  private static let smoothings = 0...5

  /// The predictor with its state.
  private struct Predictor {
    let smoothing: Int64
    let hasSlope: Bool
    private var sum: Int64 = 0
    private var count: Int64 = 0
    private var last: Int64?

    init(smoothing: Int, hasSlope: Bool) {
      self.smoothing = Int64(smoothing)
      self.hasSlope = hasSlope
    }

    /// Prediction of the next w.
    var expected: Int64 {
      hasSlope ? (last ?? 0) &+ (sum >> smoothing) : sum >> smoothing
    }

    mutating func learn(_ value: Int64) {
      defer { last = value }
      if hasSlope, last == nil { return }
      count += 1
      let rest = (hasSlope ? value &- (last ?? 0) : value) &- (sum >> smoothing)
      sum = sum &+ (count < 1 << smoothing ? (rest << smoothing) / count : rest)
    }
  }

  static func encode(_ values: [Int64]) -> [UInt8] {
    guard let first = values.first(where: { $0 != Precision.absent }) else { return [ColumnForm.empty.rawValue << 6] }
    let hasGaps = values.contains(Precision.absent)
    var divisor: UInt64 = 0
    for value in values where value != Precision.absent { divisor = gcd(divisor, (value &- first).magnitude) }
    var bytes: [UInt8] = []
    if divisor == 0, !hasGaps {
      bytes.append(ColumnForm.constant.rawValue << 6)
      bytes.append(signed: first)
      return bytes
    }
    if divisor == 0 || divisor > UInt64(Int64.max) { divisor = 1 }
    let step = Int64(divisor)
    let metrics = values.compactMap { $0 == Precision.absent ? nil : ($0 &- first) / step }
    let (smoothing, hasSlope) = best(for: metrics)
    bytes.append(
      UInt8(smoothing) | (hasSlope ? 1 << 3 : 0) | (step > 1 ? 1 << 4 : 0) | (hasGaps ? 1 << 5 : 0))
    bytes.append(signed: first)
    if step > 1 { bytes.append(varint: divisor) }
    var coder = RangeEncoder()
    var model = IntegerModel()
    var gaps = [BitModel(), BitModel()]
    var wasAbsent = false
    var predictor = Predictor(smoothing: smoothing, hasSlope: hasSlope)
    var isFirst = true
    for value in values {
      let isAbsent = value == Precision.absent
      if hasGaps {
        coder.encode(isAbsent, &gaps[wasAbsent ? 1 : 0])
        wasAbsent = isAbsent
      }
      if isAbsent { continue }
      let metric = (value &- first) / step
      if !isFirst { model.encode(metric &- predictor.expected, to: &coder) }
      isFirst = false
      predictor.learn(metric)
    }
    bytes += coder.finish()
    return bytes
  }

  /// The predictor that leaves the least.
  private static func best(for metrics: [Int64]) -> (smoothing: Int, hasSlope: Bool) {
    var best = (smoothing: 0, hasSlope: false)
    var minimum = Int.max
    for hasSlope in [false, true] {
      for smoothing in smoothings {
        var predictor = Predictor(smoothing: smoothing, hasSlope: hasSlope)
        var cost = 0
        for metric in metrics where cost < minimum {
          let rest = (metric &- predictor.expected).magnitude
          // Digits, and a linear part in 16ths between two powers of two.
          let length = 64 - rest.leadingZeroBitCount
          cost += length < 5 ? sixteenths[Int(rest)] : length * 16 + Int(rest >> UInt64(length - 5)) - 16
          predictor.learn(metric)
        }
        if cost < minimum {
          minimum = cost
          best = (smoothing, hasSlope)
        }
      }
    }
    return best
  }

  /// 16 × log₂(1 + n) and the sign.
  private static let sixteenths = [0, 32, 41, 48, 53, 57, 61, 64, 67, 69, 71, 73, 75, 77, 79, 80]

  private static func gcd(_ left: UInt64, _ right: UInt64) -> UInt64 {
    var (left, right) = (left, right)
    while right != 0 { (left, right) = (right, left % right) }
    return left
  }

  /// Reads `count` slots.
  static func decode(_ bytes: ArraySlice<UInt8>, count: Int) throws(DamagedBytes) -> [Int64] {
    var reader = ByteReader(bytes)
    let flags = try reader.byte()
    guard let form = ColumnForm(rawValue: flags >> 6) else { throw DamagedBytes(reason: "a column's form is unknown") }
    if form == .empty { return [Int64](repeating: Precision.absent, count: count) }
    let first = try reader.signed()
    if form == .constant { return [Int64](repeating: first, count: count) }
    let smoothing = Int(flags & 7)
    guard smoothings.contains(smoothing) else { throw DamagedBytes(reason: "a column's predictor is unknown") }
    let step = flags & 1 << 4 == 0 ? 1 : Int64(bitPattern: try reader.varint())
    let hasGaps = flags & 1 << 5 != 0
    var coder = RangeDecoder(reader.rest)
    var model = IntegerModel()
    var gaps = [BitModel(), BitModel()]
    var wasAbsent = false
    var predictor = Predictor(smoothing: smoothing, hasSlope: flags & 1 << 3 != 0)
    var isFirst = true
    var values: [Int64] = []
    values.reserveCapacity(count)
    for _ in 0..<count {
      if hasGaps {
        wasAbsent = coder.decode(&gaps[wasAbsent ? 1 : 0])
        if wasAbsent {
          values.append(Precision.absent)
          continue
        }
      }
      let metric = isFirst ? 0 : predictor.expected &+ model.decode(from: &coder)
      isFirst = false
      predictor.learn(metric)
      values.append(first &+ metric &* step)
    }
    return values
  }
}
