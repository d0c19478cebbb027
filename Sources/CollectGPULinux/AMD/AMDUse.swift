/// Chooses the source of an AMD GPU's utilization for each reading.
///
/// gpu_busy_percent is the firmware's. Some chips refuse it (Cyan Skillfish: EOPNOTSUPP), on others it never changes
/// (Raven and Picasso: always 100, drm/amd#1932). Fallbacks, in order: the clients' engine time if all of them are
/// visible, gpu_metrics, the visible clients.
struct AMDUse {
  /// Value of each source as a share; NaN if absent.
  struct Candidates {
    /// gpu_busy_percent.
    var driver = Double.nan
    /// gpu_metrics.
    var table = Double.nan
    /// Whether the unit of `table` is certain, so that it can refute the driver.
    var tableIsCertain = false
    /// Graphics and compute engine time of the visible clients.
    var clients = Double.nan
    /// Whether those are all of the device's work.
    var clientsAreAll = false
  }

  /// Difference between two sources that short peaks do not explain.
  private static let tolerance = 0.15

  private var last = Double.nan
  private var contradictions = 0
  private var isStuck = false

  /// Returns the utilization, and its source if it is not the driver's counter.
  mutating func choose(_ candidates: Candidates) -> (util: Double, source: String?) {
    let driver = candidates.driver
    let other = Self.other(candidates)
    guard !driver.isNaN else {
      (last, contradictions, isStuck) = (.nan, 0, false)
      return other
    }
    // A sum over some of the clients is a lower bound.
    let isContradicted =
      switch other.source {
      case "fdinfo" where !candidates.clientsAreAll: other.util > driver + Self.tolerance
      case "gpu_metrics" where !candidates.tableIsCertain: false
      default: abs(other.util - driver) > Self.tolerance
      }
    if driver != last { (contradictions, isStuck) = (0, false) }
    contradictions = isContradicted ? contradictions + 1 : 0
    // Two equal readings in a row are normal for an idle or a fully used GPU; other values need three.
    let needed = driver == 0 || driver == 1 ? 1 : 2
    if driver == last, contradictions >= needed { isStuck = true }
    last = driver
    return isStuck ? other : (driver, nil)
  }

  private static func other(_ candidates: Candidates) -> (util: Double, source: String?) {
    if candidates.clientsAreAll, !candidates.clients.isNaN { return (candidates.clients, "fdinfo") }
    if !candidates.table.isNaN { return (candidates.table, "gpu_metrics") }
    return candidates.clients.isNaN ? (.nan, nil) : (candidates.clients, "fdinfo")
  }
}
