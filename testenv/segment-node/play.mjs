// Plays a visitor through Segment's client for Node as its documentation shows it. Arguments: the address, the key.
import { Analytics } from '@segment/analytics-node'

const [host, writeKey] = process.argv.slice(2)
const analytics = new Analytics({ host, writeKey, flushAt: 4 })
let failed = 0
analytics.on('error', (err) => { failed++; console.error(err) })

analytics.page({ anonymousId: 'browser-1', category: 'Docs', name: 'Pricing', properties: { url: 'https://shop.example/pricing' } })
analytics.identify({ userId: 'node-1', anonymousId: 'browser-1', traits: { email: 'ada@example.com', firstName: 'Ada', plan: 'pro' }, context: { ip: '203.0.113.7', locale: 'de-AT', timezone: 'Europe/Vienna' } })
analytics.track({ userId: 'node-1', event: 'Order Completed', messageId: 'order-17', properties: { order_id: '17', total: 49.5, currency: 'EUR' } })
analytics.track({ userId: 'node-1', event: 'Old Order', timestamp: new Date('2019-04-01T10:00:00Z'), context: { historical: true } })
analytics.screen({ userId: 'node-1', name: 'Basket' })
analytics.group({ userId: 'node-1', groupId: 'looms', traits: { name: 'Looms & Co', plan: 'team' } })
analytics.alias({ previousId: 'node-0', userId: 'node-1' })
await analytics.closeAndFlush({ timeout: 10000 })
process.exit(failed ? 1 : 0)
