/// Recovery action that the driver requests for a GPU (nvmlDeviceGpuRecoveryAction_t), with nvidia-smi's wording.
enum RecoveryAction {
  /// NVML_FI_DEV_GET_GPU_RECOVERY_ACTION, of drivers since about 570.
  static let field: UInt32 = 230
  /// NVML_FI_DEV_RESET_STATUS, of drivers before.
  static let resetField: UInt32 = 226
  /// NVML_FI_DEV_DRAIN_AND_RESET_STATUS, of drivers before.
  static let drainField: UInt32 = 227

  /// The action with a number; nil for no action.
  static func text(_ number: Double) -> String? {
    switch number {
    case 1: "Reset"
    case 2: "Reboot"
    case 3: "Drain P2P"
    case 4: "Drain and Reset"
    case 5..<256: "Action \(Int(number))"
    default: nil
    }
  }

  /// The action printed by nvidia-smi; nil for "None" and for placeholders.
  static func text(_ written: String) -> String? {
    if NvidiaSMIParser.isLost(written) { return "Reset" }
    return NvidiaSMIParser.text(written).flatMap { $0.first?.isUppercase == true ? $0 : nil }
  }
}
