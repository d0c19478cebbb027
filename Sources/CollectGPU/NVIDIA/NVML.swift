internal import CNVML
internal import SystemIO

/// NVIDIA's management library, opened at run time.
///
/// Each function is looked for by itself: a driver that lacks one lacks that figure and no other. Where there are several
/// versions of a function, the newest that is there is called.
final class NVML {
  /// A device's handle; valid until ``shutdown()``.
  typealias Device = OpaquePointer

  /// What a call returned (nvmlReturn_t).
  struct Status: Hashable, Error, CustomStringConvertible {
    let code: Int32

    static let success = Status(code: 0)
    static let uninitialized = Status(code: 1)
    static let notSupported = Status(code: 3)
    static let insufficientSize = Status(code: 7)
    static let driverNotLoaded = Status(code: 9)
    static let functionNotFound = Status(code: 13)
    static let gpuIsLost = Status(code: 15)
    static let resetRequired = Status(code: 16)
    static let versionMismatch = Status(code: 18)

    /// Whether the device, rather than one figure of it, has gone.
    var isLost: Bool { self == .gpuIsLost || self == .resetRequired }

    /// Whether the whole library must be initialised anew: the driver was unloaded or replaced under it.
    var needsInitialisation: Bool { self == .uninitialized || self == .driverNotLoaded || self == .versionMismatch }

    var description: String {
      switch self {
      case .driverNotLoaded: "the driver is not loaded"
      case .versionMismatch: "the driver's kernel module and its library are of different versions"
      case .gpuIsLost: "the GPU is lost"
      case .uninitialized: "the library is not initialised"
      default: "NVML's error \(code)"
      }
    }
  }

  typealias Call = @convention(c) () -> Int32
  typealias Text = @convention(c) (UnsafeMutablePointer<CChar>?, UInt32) -> Int32
  typealias Number = @convention(c) (UnsafeMutablePointer<UInt32>?) -> Int32
  typealias DeviceAt = @convention(c) (UInt32, UnsafeMutablePointer<Device?>?) -> Int32
  typealias DeviceText = @convention(c) (Device?, UnsafeMutablePointer<CChar>?, UInt32) -> Int32
  typealias DeviceNumber = @convention(c) (Device?, UnsafeMutablePointer<UInt32>?) -> Int32
  typealias DeviceLong = @convention(c) (Device?, UnsafeMutablePointer<UInt64>?) -> Int32
  typealias DeviceNumberOf = @convention(c) (Device?, UInt32, UnsafeMutablePointer<UInt32>?) -> Int32
  typealias DevicePair =
    @convention(c) (Device?, UnsafeMutablePointer<UInt32>?, UnsafeMutablePointer<UInt32>?) -> Int32
  typealias DeviceData = @convention(c) (Device?, UnsafeMutableRawPointer?) -> Int32
  typealias DeviceSamples =
    @convention(c) (
      Device?, UInt32, UInt64, UnsafeMutablePointer<UInt32>?, UnsafeMutablePointer<UInt32>?, UnsafeMutableRawPointer?
    ) -> Int32
  typealias DeviceList = @convention(c) (Device?, UnsafeMutablePointer<UInt32>?, UnsafeMutableRawPointer?) -> Int32
  typealias DeviceListSince =
    @convention(c) (Device?, UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt32>?, UInt64) -> Int32
  typealias DeviceErrors = @convention(c) (Device?, UInt32, UInt32, UnsafeMutablePointer<UInt64>?) -> Int32
  typealias DeviceFields = @convention(c) (Device?, Int32, UnsafeMutableRawPointer?) -> Int32
  typealias DevicePartAt = @convention(c) (Device?, UInt32, UnsafeMutablePointer<Device?>?) -> Int32
  typealias DeviceRemapped =
    @convention(c) (
      Device?, UnsafeMutablePointer<UInt32>?, UnsafeMutablePointer<UInt32>?, UnsafeMutablePointer<UInt32>?,
      UnsafeMutablePointer<UInt32>?
    ) -> Int32

  private let initialise: Call?
  private let end: Call?
  let driverVersion: Text?
  let cudaVersion: Number?
  let deviceCount: Number?
  let deviceAt: DeviceAt?
  let name: DeviceText?
  let uuid: DeviceText?
  let pciInfo: DeviceData?
  let memory: DeviceData?
  let memoryV2: DeviceData?
  let utilization: DeviceData?
  let samples: DeviceSamples?
  let temperature: DeviceNumberOf?
  let temperatureThreshold: DeviceNumberOf?
  let fields: DeviceFields?
  let power: DeviceNumber?
  let powerLimit: DeviceNumber?
  let energy: DeviceLong?
  let clock: DeviceNumberOf?
  let clockMaximum: DeviceNumberOf?
  let fan: DeviceNumber?
  let linkGeneration: DeviceNumber?
  let linkWidth: DeviceNumber?
  let encoder: DevicePair?
  let decoder: DevicePair?
  let throttleReasons: DeviceLong?
  let errors: DeviceErrors?
  let remappedRows: DeviceRemapped?
  let performanceState: DeviceNumber?
  let migMode: DevicePair?
  let migCount: DeviceNumber?
  let migDevice: DevicePartAt?
  let computeProcesses: (call: DeviceList, size: Int)?
  let graphicsProcesses: (call: DeviceList, size: Int)?
  let processUtilization: DeviceListSince?

  /// Opens the library by the first of `paths` that is there; nil where none is, or where it is no such library.
  init?(paths: [String]) {
    guard let handle = paths.lazy.compactMap({ dlopen($0, RTLD_LAZY | RTLD_LOCAL) }).first else { return nil }
    func find<Function>(_ names: String..., as type: Function.Type = Function.self) -> Function? {
      for name in names {
        // The library's documented type of that function; all of them are C functions without variadic arguments.
        if let symbol = dlsym(handle, name) { return unsafeBitCast(symbol, to: Function.self) }
      }
      return nil
    }
    func list(_ name: String) -> (call: DeviceList, size: Int)? {
      for version in ["_v3", "_v2"] {
        if let call = find(name + version, as: DeviceList.self) {
          return (call, MemoryLayout<CNVMLProcessV2>.stride)
        }
      }
      return find(name, as: DeviceList.self).map { ($0, MemoryLayout<CNVMLProcessV1>.stride) }
    }
    initialise = find("nvmlInit_v2", "nvmlInit")
    end = find("nvmlShutdown")
    driverVersion = find("nvmlSystemGetDriverVersion")
    cudaVersion = find("nvmlSystemGetCudaDriverVersion_v2", "nvmlSystemGetCudaDriverVersion")
    deviceCount = find("nvmlDeviceGetCount_v2", "nvmlDeviceGetCount")
    deviceAt = find("nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex")
    name = find("nvmlDeviceGetName")
    uuid = find("nvmlDeviceGetUUID")
    // Earlier versions are a prefix of the third.
    pciInfo = find("nvmlDeviceGetPciInfo_v3", "nvmlDeviceGetPciInfo_v2", "nvmlDeviceGetPciInfo")
    memory = find("nvmlDeviceGetMemoryInfo")
    memoryV2 = find("nvmlDeviceGetMemoryInfo_v2")
    utilization = find("nvmlDeviceGetUtilizationRates")
    samples = find("nvmlDeviceGetSamples")
    temperature = find("nvmlDeviceGetTemperature")
    temperatureThreshold = find("nvmlDeviceGetTemperatureThreshold")
    fields = find("nvmlDeviceGetFieldValues")
    power = find("nvmlDeviceGetPowerUsage")
    powerLimit = find("nvmlDeviceGetEnforcedPowerLimit", "nvmlDeviceGetPowerManagementLimit")
    energy = find("nvmlDeviceGetTotalEnergyConsumption")
    clock = find("nvmlDeviceGetClockInfo")
    clockMaximum = find("nvmlDeviceGetMaxClockInfo")
    fan = find("nvmlDeviceGetFanSpeed")
    linkGeneration = find("nvmlDeviceGetCurrPcieLinkGeneration")
    linkWidth = find("nvmlDeviceGetCurrPcieLinkWidth")
    encoder = find("nvmlDeviceGetEncoderUtilization")
    decoder = find("nvmlDeviceGetDecoderUtilization")
    throttleReasons = find("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons")
    errors = find("nvmlDeviceGetTotalEccErrors")
    remappedRows = find("nvmlDeviceGetRemappedRows")
    performanceState = find("nvmlDeviceGetPerformanceState")
    migMode = find("nvmlDeviceGetMigMode")
    migCount = find("nvmlDeviceGetMaxMigDeviceCount")
    migDevice = find("nvmlDeviceGetMigDeviceHandleByIndex")
    computeProcesses = list("nvmlDeviceGetComputeRunningProcesses")
    graphicsProcesses = list("nvmlDeviceGetGraphicsRunningProcesses")
    processUtilization = find("nvmlDeviceGetProcessUtilization")
    // Without these it can tell of nothing.
    guard initialise != nil, deviceCount != nil, deviceAt != nil else { return nil }
  }

  /// Initialises the library, which opens the driver's devices.
  func start() -> Status {
    initialise.map { Status(code: $0()) } ?? .functionNotFound
  }

  /// Lets go of the devices, so that they may sleep.
  func shutdown() {
    _ = end?()
  }
}
