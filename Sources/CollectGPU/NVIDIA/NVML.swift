internal import CNVML
internal import SystemIO

/// NVIDIA's management library, opened at run time.
///
/// Each function is resolved separately: a driver without one lacks only that metric. Of several versions of a function
/// the newest available is called.
///
/// @unchecked Sendable holds because no property changes after opening, and the library is documented to be
/// thread-safe.
final class NVML: @unchecked Sendable {
  /// Handle of a device; valid until ``shutdown()``.
  typealias Device = OpaquePointer

  /// Return code of a call (nvmlReturn_t).
  struct Status: Hashable, Error, CustomStringConvertible {
    let code: Int32

    static let success = Status(code: 0)
    static let uninitialized = Status(code: 1)
    static let invalidArgument = Status(code: 2)
    static let notSupported = Status(code: 3)
    static let noPermission = Status(code: 4)
    static let notFound = Status(code: 6)
    static let insufficientSize = Status(code: 7)
    static let driverNotLoaded = Status(code: 9)
    static let timeout = Status(code: 10)
    static let functionNotFound = Status(code: 13)
    static let gpuIsLost = Status(code: 15)
    static let resetRequired = Status(code: 16)
    static let versionMismatch = Status(code: 18)
    static let unknown = Status(code: 999)

    /// Whether the device itself is gone, rather than one metric.
    var isLost: Bool { self == .gpuIsLost || self == .resetRequired }

    /// Whether the metric is unavailable, rather than this one call failed.
    var isRefused: Bool {
      self == .notSupported || self == .noPermission || self == .functionNotFound || self == .invalidArgument
    }

    /// Whether the library must be initialized again: the driver was unloaded or replaced.
    var needsInitialisation: Bool { self == .uninitialized || self == .driverNotLoaded || self == .versionMismatch }

    var description: String {
      switch self {
      case .driverNotLoaded: "the driver is not loaded"
      case .versionMismatch: "the driver's kernel module and library have different versions"
      case .gpuIsLost: "the GPU is lost"
      case .resetRequired: "the GPU must be reset"
      case .uninitialized: "the library is not initialized"
      case .noPermission: "no permission"
      default: "NVML error \(code)"
      }
    }
  }

  typealias Call = @convention(c) () -> Int32
  typealias Text = @convention(c) (UnsafeMutablePointer<CChar>?, UInt32) -> Int32
  typealias Number = @convention(c) (UnsafeMutablePointer<UInt32>?) -> Int32
  typealias DeviceAt = @convention(c) (UInt32, UnsafeMutablePointer<Device?>?) -> Int32
  typealias DeviceNamed = @convention(c) (UnsafePointer<CChar>?, UnsafeMutablePointer<Device?>?) -> Int32
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
  typealias DeviceListOf =
    @convention(c) (Device?, UInt32, UnsafeMutablePointer<UInt32>?, UnsafeMutableRawPointer?) -> Int32
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
  typealias MakeEvents = @convention(c) (UnsafeMutablePointer<OpaquePointer?>?) -> Int32
  typealias RegisterEvents = @convention(c) (Device?, UInt64, OpaquePointer?) -> Int32
  typealias WaitForEvent = @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?, UInt32) -> Int32
  typealias FreeEvents = @convention(c) (OpaquePointer?) -> Int32

  /// A function that lists processes, and the size of its entries.
  struct ProcessList {
    let call: DeviceList
    /// Bytes of an entry; some drivers write 32 instead of 24.
    let size: Int
  }

  private let library: Library
  private let initialise: Call
  private let end: Call?
  let driverVersion: Text?
  let cudaVersion: Number?
  let deviceCount: Number
  let deviceAt: DeviceAt
  let deviceByAddress: DeviceNamed?
  let name: DeviceText?
  let uuid: DeviceText?
  let pciInfo: DeviceData?
  let memory: DeviceData?
  let memoryV2: DeviceData?
  let utilization: DeviceData?
  let samples: DeviceSamples?
  let temperature: DeviceNumberOf?
  let temperatureV: DeviceData?
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
  let maximumLinkGeneration: DeviceNumber?
  let maximumLinkWidth: DeviceNumber?
  let chipToChip: DeviceData?
  let throughput: DeviceNumberOf?
  let encoder: DevicePair?
  let decoder: DevicePair?
  let throttleReasons: DeviceLong?
  let errors: DeviceErrors?
  let remappedRows: DeviceRemapped?
  let retiredPages: DeviceListOf?
  let performanceState: DeviceNumber?
  let migMode: DevicePair?
  let migCount: DeviceNumber?
  let migDevice: DevicePartAt?
  let attributes: DeviceData?
  let computeProcesses: ProcessList?
  let graphicsProcesses: ProcessList?
  let sharedProcesses: ProcessList?
  let processUtilization: DeviceListSince?
  let events: EventFunctions?

  /// The functions of a library by their names.
  fileprivate struct Functions {
    let library: Library

    /// The first of some names that the library has.
    func callAsFunction<Function>(_ names: String..., as type: Function.Type = Function.self) -> Function? {
      for name in names {
        // The library's documented type of that function; all of them are C functions without variadic arguments.
        if let symbol = library.symbol(name) { return unsafeBitCast(symbol, to: Function.self) }
      }
      return nil
    }

    /// The newest version of a list of processes, with the size of its entries.
    func list(_ name: String) -> ProcessList? {
      if let call = self(name + "_v3", name + "_v2", as: DeviceList.self) { return ProcessList(call: call, size: 24) }
      return self(name, as: DeviceList.self).map { ProcessList(call: $0, size: 16) }
    }
  }

  /// The functions of a device's events; absent from old drivers.
  struct EventFunctions {
    let make: MakeEvents
    let register: RegisterEvents
    let wait: WaitForEvent
    let free: FreeEvents?

    fileprivate init?(_ find: Functions) {
      guard let make = find("nvmlEventSetCreate", as: MakeEvents.self),
        let register = find("nvmlDeviceRegisterEvents", as: RegisterEvents.self),
        let wait = find("nvmlEventSetWait_v2", "nvmlEventSetWait", as: WaitForEvent.self)
      else { return nil }
      (self.make, self.register, self.wait, free) = (make, register, wait, find("nvmlEventSetFree"))
    }
  }

  /// Opens the first of `paths` that loads; nil if none does, or if it is not this library.
  init?(paths: [String]) {
    guard let library = paths.lazy.compactMap({ Library($0) }).first else { return nil }
    let find = Functions(library: library)
    // The minimum for any metric.
    guard let initialise = find("nvmlInit_v2", "nvmlInit", as: Call.self),
      let deviceCount = find("nvmlDeviceGetCount_v2", "nvmlDeviceGetCount", as: Number.self),
      let deviceAt = find("nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex", as: DeviceAt.self)
    else {
      library.close()
      return nil
    }
    self.library = library
    self.initialise = initialise
    self.deviceCount = deviceCount
    self.deviceAt = deviceAt
    end = find("nvmlShutdown")
    driverVersion = find("nvmlSystemGetDriverVersion")
    cudaVersion = find("nvmlSystemGetCudaDriverVersion_v2", "nvmlSystemGetCudaDriverVersion")
    deviceByAddress = find("nvmlDeviceGetHandleByPciBusId_v2", "nvmlDeviceGetHandleByPciBusId")
    name = find("nvmlDeviceGetName")
    uuid = find("nvmlDeviceGetUUID")
    pciInfo = find("nvmlDeviceGetPciInfo_v3", "nvmlDeviceGetPciInfo_v2", "nvmlDeviceGetPciInfo")
    memory = find("nvmlDeviceGetMemoryInfo")
    memoryV2 = find("nvmlDeviceGetMemoryInfo_v2")
    utilization = find("nvmlDeviceGetUtilizationRates")
    samples = find("nvmlDeviceGetSamples")
    temperature = find("nvmlDeviceGetTemperature")
    temperatureV = find("nvmlDeviceGetTemperatureV")
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
    maximumLinkGeneration = find("nvmlDeviceGetMaxPcieLinkGeneration")
    maximumLinkWidth = find("nvmlDeviceGetMaxPcieLinkWidth")
    chipToChip = find("nvmlDeviceGetC2cModeInfoV")
    throughput = find("nvmlDeviceGetPcieThroughput")
    encoder = find("nvmlDeviceGetEncoderUtilization")
    decoder = find("nvmlDeviceGetDecoderUtilization")
    throttleReasons = find("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons")
    errors = find("nvmlDeviceGetTotalEccErrors")
    remappedRows = find("nvmlDeviceGetRemappedRows")
    retiredPages = find("nvmlDeviceGetRetiredPages")
    performanceState = find("nvmlDeviceGetPerformanceState")
    migMode = find("nvmlDeviceGetMigMode")
    migCount = find("nvmlDeviceGetMaxMigDeviceCount")
    migDevice = find("nvmlDeviceGetMigDeviceHandleByIndex")
    attributes = find("nvmlDeviceGetAttributes_v2")
    computeProcesses = find.list("nvmlDeviceGetComputeRunningProcesses")
    graphicsProcesses = find.list("nvmlDeviceGetGraphicsRunningProcesses")
    sharedProcesses = find.list("nvmlDeviceGetMPSComputeRunningProcesses")
    processUtilization = find("nvmlDeviceGetProcessUtilization")
    events = EventFunctions(find)
  }

  // After a driver's replacement the library is loaded from its new file only once it was closed everywhere.
  deinit { library.close() }

  /// Initializes the library, which opens the driver's devices.
  ///
  /// Calls are counted, and the last ``shutdown()`` ends it.
  func start() -> Status {
    Status(code: initialise())
  }

  /// Releases the devices, so that they can sleep.
  func shutdown() {
    _ = end?()
  }

  /// The text written by a function; nil if it is empty or the call failed.
  static func text(_ call: (UnsafeMutablePointer<CChar>?, UInt32) -> Int32) -> String? {
    // 96 bytes are the maximum of all texts (NVML_DEVICE_UUID_V2_BUFFER_SIZE).
    var characters = [CChar](repeating: 0, count: 96)
    guard call(&characters, UInt32(characters.count)) == 0 else { return nil }
    let text = String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return text.isEmpty ? nil : text
  }

  /// Converts a value by its type (nvmlValueType_t); NaN for an unknown type.
  static func number(_ value: CNVMLValue, type: Int32) -> Double {
    switch type {
    case 0: value.as_double
    case 1: Double(value.as_unsigned)
    case 2, 3: Double(value.as_unsigned_long)
    case 4: Double(value.as_signed_long)
    case 5: Double(value.as_signed)
    case 6: Double(value.as_unsigned_short)
    default: .nan
    }
  }
}
