/** Building security: cameras in groups, guards and managers by building. */
import { id, oneOf, type Sample, times, tuple } from './sample.ts';

export const iot: Sample = {
  name: 'devices',
  model: `
model
  schema 1.1
type user
type device_group
  relations
    define it_admin: [user]
    define security_guard: [user]
    define contains: [device_group]
    define live_video_viewer: it_admin or security_guard or live_video_viewer from contains
type device
  relations
    define it_admin: [user, device_group#it_admin]
    define security_guard: [user, device_group#security_guard]
    define maintenance: [user with in_window]
    define live_video_viewer: it_admin or security_guard
    define recorded_video_viewer: it_admin or security_guard
    define device_renamer: it_admin
    define rebooter: maintenance and it_admin

condition in_window(hour: int, from_hour: int, to_hour: int) {
  hour >= from_hour && hour < to_hour
}
`,
  tuples: (chance) => [
    ...times(200, () =>
      tuple(oneOf('user', 120, chance), 'security_guard', oneOf('device_group', 40, chance)),
    ),
    ...times(60, () => tuple(oneOf('user', 120, chance), 'it_admin', oneOf('device_group', 40, chance))),
    ...times(39, (n) => tuple(id('device_group', Math.floor(n / 4)), 'contains', id('device_group', n + 1))),
    ...times(600, (n) => tuple(`device_group:${n % 40}#it_admin`, 'it_admin', id('device', n))),
    ...times(600, (n) => tuple(`device_group:${n % 40}#security_guard`, 'security_guard', id('device', n))),
    ...times(200, () => tuple(oneOf('user', 120, chance), 'it_admin', oneOf('device', 600, chance))),
    ...times(500, (n) => {
      const context = { from_hour: n % 24, to_hour: (n % 24) + 4 };
      return tuple(oneOf('user', 120, chance), 'maintenance', oneOf('device', 600, chance), {
        name: 'in_window',
        context,
      });
    }),
  ],
  context: (chance) => ({ hour: chance.below(24) }),
};
