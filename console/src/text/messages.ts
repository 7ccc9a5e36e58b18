/* Every text of the console, in English and Chinese. `{name}` is filled in. What the service says (reasons, events,
 * errors) is shown as it comes. */
export const languages = { en: 'English', zh: '中文' } as const;
export type Language = keyof typeof languages;

const order = { en: 0, zh: 1 } as const satisfies Record<Language, number>;

export const messages = {
    // The frame
    title: ['Godwit fleet', 'Godwit 机群'],
    skip: ['Skip to content', '跳到正文'],
    projects: ['Projects', '项目'],
    routers: ['Routers', '路由器'],
    lookUp: ['Look-up', '查询'],
    signOut: ['Sign out', '退出'],
    language: ['Language', '语言'],
    theme: ['Theme', '外观'],
    themeAuto: ['System', '跟随系统'],
    themeLight: ['Light', '浅色'],
    themeDark: ['Dark', '深色'],
    live: ['Live', '实时'],
    connecting: ['Connecting', '连接中'],
    notLive: ['Not live', '非实时'],
    lost: [
        'The connection to the service is lost. What you see is as of {time}; reconnecting.',
        '与服务的连接已断开。当前显示的是 {time} 的数据，正在重新连接。',
    ],
    loading: ['Loading', '加载中'],
    retry: ['Try again', '重试'],
    unreachable: ['The service did not answer.', '服务没有响应。'],
    failed: ['The service refused the request (status {status}).', '服务拒绝了请求（状态码 {status}）。'],
    missingTitle: ['Not found', '未找到'],
    missing: ['There is no such page, or this token may not see it.', '页面不存在，或此令牌无权查看。'],
    readOnly: ['This token may only read.', '此令牌只有只读权限。'],
    cancel: ['Cancel', '取消'],
    none: ['none', '无'],
    notApplicable: ['n/a', '不适用'],
    yes: ['Yes', '是'],
    no: ['No', '否'],

    // Signing in
    signIn: ['Sign in', '登录'],
    token: ['API token', 'API 令牌'],
    tokenHelp: [
        'A token of the provider, a user or a project. It is sent to this service only.',
        '服务商、用户或项目的令牌。仅发送给本服务。',
    ],
    remember: ['Remember it in this browser', '在此浏览器中记住'],
    badToken: ['This token is not known, or it has expired.', '令牌无效或已过期。'],

    // States and ages
    up: ['Up', '正常'],
    partial: ['Partial', '部分正常'],
    down: ['Down', '中断'],
    unknown: ['Unknown', '未知'],
    disabled: ['Disabled', '未启用'],
    upMeans: ['Established with every router', '与所有路由器均已建立会话'],
    partialMeans: ['Established with some of the routers', '仅与部分路由器建立会话'],
    downMeans: ['Established with no router', '未与任何路由器建立会话'],
    unknownMeans: ['No router could be asked, or none has answered yet', '无法询问路由器，或路由器尚未答复'],
    disabledMeans: ['There is no session', '没有会话'],
    readable: ['Readable', '可读取'],
    unreadable: ['Unreadable', '无法读取'],
    ago: ['{age} ago', '{age}前'],
    never: ['never', '从未'],
    ageS: ['{count} s', '{count} 秒'],
    ageMin: ['{count} min', '{count} 分'],
    ageH: ['{count} h', '{count} 小时'],
    ageD: ['{count} d', '{count} 天'],

    // Projects
    noProjects: ['This token sees no project.', '此令牌看不到任何项目。'],
    project: ['Project', '项目'],
    findProject: ['Find a project', '查找项目'],
    bgpType: ['BGP type', 'BGP 类型'],
    local: ['Local', '本地'],
    global: ['Global', '全局'],
    asn: ['ASN', 'ASN'],
    md5: ['MD5 password', 'MD5 密码'],
    show: ['Show', '显示'],
    hide: ['Hide', '隐藏'],
    prefixLimit: ['Prefix limit', '前缀上限'],
    perSession: ['{count} per session', '每会话 {count} 条'],
    mayAnnounce: ['May announce', '可通告的前缀'],
    status: ['Status', '状态'],
    bgpEnabled: ['Enabled', '已启用'],
    bgpRequested: ['Requested: the provider has to approve it', '已申请：等待服务商批准'],
    bgpDisabled: ['Disabled', '已停用'],
    bgpNever: ['BGP is not enabled for this project.', '此项目尚未启用 BGP。'],
    enableBgp: ['Enable BGP', '启用 BGP'],
    changeBgp: ['Change BGP', '更改 BGP'],
    bgpSettings: ['BGP of this project', '项目的 BGP 设置'],
    localMeans: ['Private: stays within the metro, AS 65000', '私有：仅限本城区，AS 65000'],
    globalMeans: ['Your own AS and prefixes; reviewed first', '自有 AS 和前缀，需先审核'],
    md5Rule: [
        '10 to 20 letters and digits, with a lower case letter, an upper case letter and a digit. Empty: none.',
        '10 到 20 个字母和数字，须含小写字母、大写字母和数字。留空则不使用。',
    ],
    md5Resets: [
        'A change reaches the routers at once; sessions stay down until the servers have it too.',
        '更改会立即下发到路由器；服务器同步更改之前会话将中断。',
    ],
    asnRange: ['1 to 2147483647', '1 到 2147483647'],
    save: ['Save', '保存'],
    sessions: ['Sessions', '会话'],
    all: ['All', '全部'],
    filter: ['Find a server, prefix or reason', '查找服务器、前缀或原因'],
    updateNow: ['Update now', '立即更新'],
    updating: ['Updating', '更新中'],
    updated: ['Updated', '更新时间'],
    server: ['Server', '服务器'],
    family: ['Family', '地址族'],
    state: ['State', '状态'],
    learnedRoutes: ['Learned routes', '学到的路由'],
    more: ['+{count}', '+{count}'],
    noSessions: ['No active BGP sessions', '没有活动的 BGP 会话'],
    noMatch: ['Nothing matches.', '没有匹配项。'],
    showMore: ['Show {count} more', '再显示 {count} 条'],

    // A server
    manage: ['Manage', '管理'],
    manageOf: ['Manage {family} of {server}', '管理 {server} 的 {family}'],
    bgpSession: ['BGP session', 'BGP 会话'],
    defaultRoute: ['Default route', '默认路由'],
    sessionSwitchMeans: ['Sets the neighbor up on every router of the metro.', '在本城区的所有路由器上配置邻居。'],
    defaultRouteMeans: [
        'The routers announce {prefix} to this server, and nothing else.',
        '路由器仅向此服务器通告 {prefix}。',
    ],
    disableTitle: ['Disable {family} on {server}?', '停用 {server} 的 {family}？'],
    disableWarning: [
        'The routers forget the routes of this server at once and reset the connections. Traffic to these prefixes no longer reaches it:',
        '路由器会立即删除此服务器的路由并重置连接。以下前缀的流量将不再到达该服务器：',
    ],
    disableNoRoutes: [
        'The routers hold no routes of this server now. Connections are reset.',
        '路由器目前没有此服务器的路由。连接将被重置。',
    ],
    disableKeeps: [
        'The configuration on the server itself stays as it is. To enable again needs nothing there.',
        '服务器自身的配置保持不变，重新启用时无需改动。',
    ],
    disableSession: ['Disable the session', '停用会话'],
    metro: ['Metro', '城区'],
    addresses: ['Addresses', '地址'],
    noAddress: ['The server has no address of this family.', '服务器没有此地址族的地址。'],
    configuration: ['Configuration', '配置'],

    // A session
    reset: ['Reset', '重置'],
    resetTitle: ['Reset this session?', '重置此会话？'],
    resetMeans: [
        'It begins anew on every router, also after the prefix limit took it down. Routes are away until it is up again.',
        '会话将在所有路由器上重新开始（包括因前缀超限而中断的会话）。恢复之前路由不可用。',
    ],
    legs: ['Routers', '各路由器'],
    router: ['Router', '路由器'],
    peerAddress: ['Peer address', '对端地址'],
    serverAddress: ['Server address', '服务器地址'],
    fsm: ['BGP state', 'BGP 状态'],
    sinceColumn: ['Since', '起始时间'],
    received: ['Received', '接收'],
    accepted: ['Accepted', '接受'],
    rejected: ['Rejected', '拒绝'],
    reason: ['Reason', '原因'],
    heard: ['Last heard', '最近消息'],
    flaps: ['Flaps', '抖动'],
    flapsHour: ['1 h', '1 小时'],
    flapsDay: ['24 h', '24 小时'],
    flapsWeek: ['7 d', '7 天'],
    prefixes: ['Prefixes', '前缀'],
    gauge: ['{used} of {limit} prefixes', '已用 {used} / {limit} 条前缀'],
    gaugeOver: [
        'Over the limit: the routers take the session down. Announce fewer prefixes, then reset.',
        '已超出上限：路由器会断开会话。请减少通告的前缀，然后重置。',
    ],
    gaugeNear: ['Close to the limit', '接近上限'],
    timeline: ['Timeline', '时间线'],
    noTimeline: ['Nothing has happened yet.', '尚无记录。'],
    change: ['Change', '变化'],
    time: ['Time', '时间'],
    rightNow: ['now', '现在'],
    older: ['Older', '更早'],
    routes: ['Routes', '路由'],
    noRoutes: ['The routers hold no such routes of this server.', '路由器没有此服务器的此类路由。'],
    prefix: ['Prefix', '前缀'],
    nextHop: ['Next hop', '下一跳'],
    asPath: ['AS path', 'AS 路径'],
    origin: ['Origin', '来源'],
    med: ['MED', 'MED'],
    communities: ['Communities', '团体属性'],
    verdict: ['Verdict', '判定'],
    receivedAt: ['Received', '接收时间'],
    configurationMeans: [
        'For the daemon on {server}, filled in from this session.',
        '适用于 {server} 上的守护进程，已按此会话填好。',
    ],
    showConfiguration: ['Show the configuration (it contains the MD5 password)', '显示配置（含 MD5 密码）'],
    copy: ['Copy', '复制'],
    copied: ['Copied', '已复制'],
    serverAs: ['Server AS', '服务器 AS'],
    routerAs: ['Router AS', '路由器 AS'],
    created: ['Created', '创建时间'],

    // Routers
    noRouters: ['There are no routers.', '没有路由器。'],
    peerAddresses: ['Peer addresses', '对端地址'],
    multihop: ['Multihop', '多跳'],
    target: ['Read at', '读取地址'],
    policy: ['Policies', '策略'],
    policyGood: ["The fleet's policies are in place", '机群策略已生效'],
    routerSilent: [
        'The service cannot read this router. Its sessions are shown as unknown, not as down.',
        '服务无法读取此路由器。其会话显示为未知，而非中断。',
    ],

    // Look-up
    lookUpMeans: ['Which servers announce this address or prefix?', '哪些服务器通告了此地址或前缀？'],
    addressOrPrefix: ['Address or prefix', '地址或前缀'],
    longest: ['Longest match', '最长匹配'],
    exact: ['Exact', '精确匹配'],
    find: ['Look up', '查询'],
    matched: ['Matched {prefix}', '匹配 {prefix}'],
    notAnnounced: ['No server announces it.', '没有服务器通告它。'],
} as const satisfies Record<string, readonly [string, string]>;

export type MessageKey = keyof typeof messages;

/* The names between braces in a text. */
type Slots<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Slots<Rest> : never;
export type Values<Key extends MessageKey> = Record<Slots<(typeof messages)[Key][0]>, string | number>;

export function message<Key extends MessageKey>(language: Language, key: Key, values?: Values<Key>): string {
    const text: string = messages[key][order[language]];
    return values
        ? text.replace(/\{(\w+)\}/g, (slot, name: string) => String((values as Record<string, unknown>)[name] ?? slot))
        : text;
}
