// All texts of the page but the titles of metrics, which the catalog has: [English, 日本語]. {0}, {1} and {2} are filled in.

import { remember, remembered } from './theme.js';

export const languages = ['en', 'ja'];

export const strings = {
  // Parts of the machine
  overview: ['Overview', '概要'],
  cpu: ['CPU', 'CPU'],
  memory: ['Memory', 'メモリ'],
  gpu: ['GPU', 'GPU'],
  gpus: ['{0} GPUs', 'GPU {0} 基'],
  vram: ['VRAM', 'VRAM'],
  gpuPower: ['GPU power', 'GPU 電力'],
  hottest: ['Max temperature', '最高温度'],
  load: ['Load', 'ロードアベレージ'],
  pressure: ['Pressure (PSI)', 'プレッシャー (PSI)'],
  io: ['I/O', 'I/O'],
  disks: ['Disks', 'ディスク'],
  disk: ['Disk', 'ディスク'],
  filesystems: ['Filesystems', 'ファイルシステム'],
  network: ['Network', 'ネットワーク'],
  sensors: ['Sensors', 'センサー'],
  system: ['System', 'システム'],
  limits: ['Container limits (cgroup)', 'cgroup の上限'],
  agent: ['Agent overhead', 'エージェント自身'],
  processes: ['Processes', 'プロセス'],
  alerts: ['Alerts', 'アラート'],
  firingFor: ['for {0} ({1})', '{0} 継続 ({1})'],
  workloads: ['Workloads', 'ワークロード'],
  events: ['Events', 'イベント'],
  swap: ['Swap', 'スワップ'],

  // Values
  cpuUsage: ['CPU usage', 'CPU 使用率'],
  eachCore: ['Per-CPU usage', '論理 CPU ごとの使用率'],
  busyCores: ['{0} of {1} over 90%', '{1} 個中 {0} 個が 90% 超'],
  sockets: ['{0} sockets', '{0} ソケット'],
  cores: ['{0} cores', '{0} コア'],
  threads: ['{0} threads', '{0} スレッド'],
  reclaimable: ['Reclaimable', '回収可能'],
  inAll: ['{0} total', '合計 {0}'],
  freeOf: ['{0} free of {1}', '空き {0} / {1}'],
  busyOf: ['{0} of {1} in use', '{1} 基中 {0} 基が使用中'],
  lostOf: ['{0} of {1} lost', '{1} 基中 {0} 基が応答なし'],
  lost: ['lost', '応答なし'],
  asleep: ['sleeping', 'スリープ'],
  temperatures: ['Temperatures', '温度'],
  link: ['Link', 'リンク'],
  driver: ['driver {0}', 'ドライバー {0}'],
  eccUncorrected: ['{0} ECC uncorrected', 'ECC 訂正不能 {0} 件'],
  retiredPages: ['{0} pages retired', 'リタイアページ {0}'],
  recovery: ['Recovery: {0}', '要復旧操作: {0}'],
  'recovery.reset': ['Reset', 'リセット'],
  'recovery.reboot': ['Reboot', '再起動'],
  'recovery.drain_p2p': ['Drain P2P', 'P2P のドレイン'],
  'recovery.drain_and_reset': ['Drain and Reset', 'ドレイン後にリセット'],
  'throttle.power_cap': ['Throttled: power cap', 'スロットリング: 電力上限'],
  'throttle.power_brake': ['Throttled: power brake', 'スロットリング: 電力ブレーキ'],
  'throttle.sw_thermal': ['Throttled: temperature', 'スロットリング: 温度'],
  'throttle.hw_thermal': ['Throttled: temperature (hardware)', 'スロットリング: 温度 (ハードウェア)'],
  'throttle.hw_slowdown': ['Throttled: hardware slowdown', 'スロットリング: ハードウェア減速'],
  'throttle.sync_boost': ['Sync boost', '同期ブースト'],
  'throttle.applications_clocks_setting': ['Application clocks', 'アプリケーションクロック設定'],
  'throttle.display_clock_setting': ['Display clocks', '表示クロック設定'],
  hardwareDisks: ['All physical disks', '物理ディスク合計'],
  hardwareInterfaces: ['All physical interfaces', '物理インターフェイス合計'],
  written: ['{0} written', '書き込み {0}'],
  latency: ['Latency', 'レイテンシ'],
  busyOfDisk: ['{0} utilization', '{0} のビジー率'],
  readOnly: ['read-only', '読み取り専用'],
  inodes: ['{0} of inodes used', 'inode {0} 使用'],
  sent: ['{0} sent', '送信 {0}'],
  lostPackets: ['{0} packets lost/s', 'パケットロス {0}/秒'],
  'link.up': ['up', 'アップ'],
  'link.down': ['down', 'ダウン'],
  ofThreads: ['/ {0} threads', '/ {0} スレッド'],
  waitingFor: ['stalled on {0}', '{0} 待ち'],
  nobodyWaits: ['none', '待ちなし'],
  tasks: ['Tasks', 'タスク'],
  allWaitMemory: ['Fully stalled on memory', '全タスクがメモリ待ち'],
  allWaitIO: ['Fully stalled on I/O', '全タスクが I/O 待ち'],
  agentCPU: ['Agent CPU usage', 'エージェントの CPU 使用率'],
  version: ['version {0}', 'バージョン {0}'],
  sources: ['Sources', 'データソース'],
  sourceFailed: ['cannot be read', '読み取れません'],
  old: ['{0} old', '{0} 前の値'],
  dataOld: ['data {0} old', '{0} 前のデータ'],
  noData: ['no data', 'データなし'],
  between: ['{0} to {1}', '{0}〜{1}'],
  more: ['{0} more', 'ほか {0} 件'],

  // Processes
  filter: ['Filter', '絞り込み'],
  allProcesses: ['All', 'すべて'],
  noneMatches: ['No process matches.', '一致するプロセスはありません。'],
  endedProcesses: ['ended: {0}', '終了: {0}'],
  busiestOf: ['top {0} of {1} processes', '全 {1} プロセス中 上位 {0} 件'],
  shownOf: ['{0} of {1} processes', '全 {1} プロセス中 {0} 件'],
  storedTop: ['top {0} of {1} processes recorded at {2}', '{2} に記録 · 全 {1} プロセス中 上位 {0} 件'],
  overTime: ['CPU% over {0}', 'CPU% は {0} の平均'],
  partial: ['processes of other users are hidden', '他のユーザーのプロセスは非表示'],

  // Workloads
  workloadsOf: ['top {0} of {1} workloads', '全 {1} ワークロード中 上位 {0} 件'],
  endedProcesses: ['ended processes {0}', '終了したプロセス {0}'],
  others: ['{0} others {1}', 'ほか {0} 件 {1}'],
  outside: ['outside of all {0}', 'どれにも属さない {0}'],
  unattributed: ['{0} not attributed', '未割り当て {0}'],
  by: ['Ranking of', '対象'],
  'by.workload': ['workloads', 'ワークロード'],
  'by.process': ['processes', 'プロセス'],
  'by.user': ['users', 'ユーザー'],
  of: ['Measure', '指標'],
  'of.cpu': ['CPU time', 'CPU 時間'],
  'of.memory': ['memory', 'メモリ'],
  'of.io': ['I/O', 'I/O'],
  'of.gpu': ['GPU time', 'GPU 時間'],
  'of.energy': ['GPU energy', 'GPU 電力量'],
  'rank.name': ['Name', '名前'],
  'rank.kind': ['Kind', '種類'],
  'rank.user': ['User', 'ユーザー'],
  'rank.share': ['Share', '割合'],
  'rank.cpu': ['CPU time', 'CPU 時間'],
  'rank.gpu': ['GPU time', 'GPU 時間'],
  'rank.io': ['Read + written', '読み書き'],
  'rank.mean': ['Mean memory', '平均メモリ'],
  'rank.peak': ['Peak memory', '最大メモリ'],

  // Events
  eventTime: ['Time', '時刻'],
  eventKind: ['Kind', '種類'],
  eventText: ['Event', '内容'],
  newestOf: ['newest {0} of {1}', '全 {1} 件中 最新 {0} 件'],
  'event.reboot': ['Reboot', '再起動'],
  'event.agent_restart': ['Agent restart', 'エージェントの再起動'],
  'event.gap': ['Gap in the samples', 'サンプルの欠落'],
  'event.clock_step': ['Clock step', '時刻の飛び'],
  'event.oom_kill': ['OOM kill', 'OOM による強制終了'],
  'event.gpu_xid': ['Xid', 'Xid'],
  'event.gpu_ecc': ['Uncorrected ECC error', '訂正不能 ECC エラー'],
  'event.gpu_recovery': ['GPU needs recovery', 'GPU 要復旧'],
  'event.gpu_lost': ['GPU lost', 'GPU 応答なし'],
  'event.gpu_back': ['GPU back', 'GPU 復帰'],
  'event.throttle_begin': ['Throttling begins', 'スロットリング開始'],
  'event.throttle_end': ['Throttling ends', 'スロットリング終了'],
  'event.filesystem_full': ['Filesystem nearly full', 'ファイルシステムの空き不足'],
  'event.filesystem_not_full': ['Filesystem has room again', 'ファイルシステムの空き回復'],
  'event.filesystem_hung': ['Filesystem hangs', 'ファイルシステム応答なし'],
  'event.filesystem_back': ['Filesystem answers again', 'ファイルシステム復帰'],
  'event.filesystem_read_only': ['Filesystem read-only', 'ファイルシステムが読み取り専用に'],
  'event.filesystem_writable': ['Filesystem writable again', 'ファイルシステムが書き込み可能に'],
  'event.disk_errors': ['Disk errors', 'ディスクエラー'],
  'event.link_down': ['Link down', 'リンクダウン'],
  'event.link_up': ['Link up', 'リンクアップ'],
  'event.workload_ended': ['Workload ended', 'ワークロード終了'],
  'event.workload_restart': ['Workload restarted', 'ワークロード再起動'],
  'event.workload_restart_loop': ['Workload restarts in a loop', 'ワークロードの再起動ループ'],
  'event.alert_firing': ['Alert fires', 'アラート発生'],
  'event.alert_resolved': ['Alert resolved', 'アラート解消'],

  // Time and connection
  range: ['Time range', '表示期間'],
  '5m': ['5m', '5分'],
  '15m': ['15m', '15分'],
  '1h': ['1h', '1時間'],
  '6h': ['6h', '6時間'],
  '24h': ['24h', '24時間'],
  '7d': ['7d', '7日'],
  '30d': ['30d', '30日'],
  all: ['all', '全期間'],
  live: ['Live', 'ライブ'],
  goLive: ['Back to live', 'ライブに戻る'],
  earlier: ['Previous sample', '前のサンプル'],
  later: ['Next sample', '次のサンプル'],
  connecting: ['Connecting…', '接続しています…'],
  lostConnection: ['Cannot connect', '接続できません'],
  lostFor: ['Disconnected · data {0} old', '接続が切れました · {0} 前のデータ'],
  silentFor: ['No data for {0}', '{0} データなし'],
  disconnected: ['Disconnected', '接続が切れました'],
  silent: ['The agent does not respond', 'エージェントが応答していません'],
  locked: ['Locked', 'ロック中'],
  noMoment: ['No data stored for that time.', 'その時点のデータは保存されていません。'],
  historyFailed: ['Cannot load the history: {0}', '履歴を読み込めません: {0}'],
  streamFailed: ['Cannot follow the agent: {0}', 'エージェントに接続できません: {0}'],
  linkFailed: ['Cannot load {0}: {1}', '{0} を読み込めません: {1}'],
  up: ['up {0}', '稼働時間 {0}'],
  simulated: ['Simulated machine', 'シミュレートされたマシン'],
  demo: ['demo', 'デモ'],
  demoNote: ['Simulated machine (agent --demo)', 'シミュレートされたマシン (agent --demo)'],
  'unit.d': ['d', '日'],
  'unit.h': ['h', '時間'],
  'unit.min': ['min', '分'],
  'unit.s': ['s', '秒'],

  // Messages of the agent, by the status of the response and by source
  'status.400': ['invalid parameter', 'リクエストのパラメーターが正しくありません'],
  'status.401': ['authentication required', '認証が必要です'],
  'status.403': ['forbidden', 'このホスト名へのアクセスは許可されていません'],
  'status.404': ['not found', '見つかりません'],
  'status.405': ['method not allowed', '許可されていないメソッドです'],
  'status.429': ['too many requests', 'リクエストが多すぎます'],
  'status.503': ['unavailable', '現在利用できません'],
  noNetwork: ['the agent cannot be reached', 'エージェントに到達できません'],
  'error.noAnswer': ['no answer for {0}', '{0} 応答なし'],
  'error.denied': ['permission denied', 'アクセスが拒否されました'],
  'error.missing': ['no such file or directory', 'ファイルまたはディレクトリがありません'],

  // The page itself
  skip: ['Skip to content', 'メインコンテンツへ移動'],
  theme: ['Theme: {0}', 'テーマ: {0}'],
  'theme.auto': ['system', 'システム'],
  'theme.light': ['light', 'ライト'],
  'theme.dark': ['dark', 'ダーク'],
  language: ['日本語', 'English'],
  help: ['Keys and gestures', 'キーと操作'],
  close: ['Close', '閉じる'],
  json: ['JSON API', 'JSON API'],
  'json.latest': ['Latest sample', '最新のサンプル'],
  'json.history': ['History (5 min)', '履歴 (5 分)'],
  'json.processes': ['Processes', 'プロセス一覧'],
  'json.catalog': ['Metric catalog', 'メトリック一覧'],
  token: ['Access token', 'アクセストークン'],
  tokenNote: ['This agent requires an access token.', 'このエージェントにはアクセストークンが必要です。'],
  tokenWrong: ['Invalid token.', 'トークンが無効です。'],
  remember: ['Remember the token', 'トークンの保存'],
  'remember.page': ['Do not remember', '保存しない'],
  'remember.tab': ['Until this tab is closed', 'このタブを閉じるまで'],
  'remember.browser': ['In this browser', 'このブラウザーに保存'],
  enter: ['Unlock', 'ロック解除'],
  'key.arrows': ['previous / next sample (Shift: 10 at a time)', '前 / 次のサンプル (Shift: 10 ずつ)'],
  'key.click': ['click a chart: show that time in every panel', 'グラフをクリック: 全パネルがその時点を表示'],
  'key.drag': ['drag over a chart: zoom, and rank what used the machine then; with Shift or one finger: pan', 'グラフをドラッグ: 拡大し、その期間の使用量を順位付け (Shift または指 1 本で移動)'],
  'key.wheel': ['with Ctrl, or over a clicked chart: zoom; sideways: pan', 'Ctrl+ホイール、またはクリックしたグラフ上: 拡大縮小、横方向: 移動'],
  'key.double': ['double-click: back to the previous view', 'ダブルクリック: 前の表示に戻る'],
  'key.live': ['back to live', 'ライブに戻る'],
  'key.zoom': ['zoom in, out', '拡大、縮小'],
  'key.range': ['time range, 5 minutes to all', '表示期間 (5 分〜全期間)'],
  'key.filter': ['filter processes', 'プロセスを絞り込む'],
  'key.theme': ['theme: light, dark, system', 'テーマを切り替える'],
};

const [first] = (navigator.languages ?? []).map((tag) => tag.split('-')[0]).filter((tag) => languages.includes(tag));
let chosen = languages.find((name) => name === remembered('language'));

export const currentLanguage = () => chosen ?? first ?? 'en';

// The locale of times: the browser's own region, unless another language was chosen.
export const currentLocale = () => (!chosen || navigator.language.startsWith(chosen) ? navigator.language : chosen);

export function nextLanguage() {
  chosen = languages[(languages.indexOf(currentLanguage()) + 1) % languages.length];
  remember('language', chosen);
}

// A string in the page's language; undefined for an unknown key.
export function t(key, ...values) {
  const text = strings[key]?.[languages.indexOf(currentLanguage())];
  return values.length > 0 ? text?.replace(/\{(\d)\}/g, (_, index) => values[index]) : text;
}

// A failed request in the page's language: the agent's own message in English, else a message of the same status.
export function failure(error) {
  if (error.status === undefined) return t('noNetwork');
  return (currentLanguage() !== 'en' && t(`status.${error.status}`)) || error.message;
}

// The error of a source in the page's language, as far as its pattern is known.
export function sourceError(text, duration) {
  if (currentLanguage() === 'en') return text;
  return text.replace(/no answer for (\d+) s/, (_, seconds) => t('error.noAnswer', duration(Number(seconds))))
    .replace(/Permission denied/i, t('error.denied')).replace(/No such file or directory/i, t('error.missing'));
}
