// Keeps oidc-provider's models in Redis, as its documentation describes an adapter and its example for ioredis lays the keys out:
// models that can be consumed in a hash beside the mark, others as JSON, what belongs to a grant in a list, all with their expiry.
// Commands of one turn of the loop travel together (`enableAutoPipelining`): the client's fastest documented setting.

import { Redis } from "ioredis";

const consumable = new Set(["AuthorizationCode", "RefreshToken", "DeviceCode", "BackchannelAuthenticationRequest"]);
const granted = new Set([...consumable, "AccessToken"]);

export function redisAdapter(port) {
  const redis = new Redis({ host: "127.0.0.1", port, keyPrefix: "oidc:", enableAutoPipelining: true });
  const ofGrant = (id) => `grant:${id}`;
  const ofUid = (uid) => `uid:${uid}`;
  const ofUserCode = (code) => `userCode:${code}`;

  return class {
    constructor(name) {
      this.name = name;
    }
    key(id) {
      return `${this.name}:${id}`;
    }
    async upsert(id, payload, expiresIn) {
      const key = this.key(id);
      const text = JSON.stringify(payload);
      const writes = redis.multi();
      if (consumable.has(this.name)) writes.hset(key, { payload: text });
      else writes.set(key, text);
      if (expiresIn) writes.expire(key, expiresIn);
      if (granted.has(this.name) && payload.grantId) {
        const grant = ofGrant(payload.grantId);
        writes.rpush(grant, key);
        if (expiresIn > (await redis.ttl(grant))) writes.expire(grant, expiresIn);
      }
      for (const index of [payload.userCode && ofUserCode(payload.userCode), payload.uid && ofUid(payload.uid)]) {
        if (index) writes.set(index, id, "EX", expiresIn);
      }
      await writes.exec();
    }
    async find(id) {
      if (!consumable.has(this.name)) {
        const text = await redis.get(this.key(id));
        return text === null ? undefined : JSON.parse(text);
      }
      const { payload, ...marks } = await redis.hgetall(this.key(id));
      return payload === undefined ? undefined : { ...marks, ...JSON.parse(payload) };
    }
    async findByUid(uid) {
      return this.find(await redis.get(ofUid(uid)));
    }
    async findByUserCode(code) {
      return this.find(await redis.get(ofUserCode(code)));
    }
    async consume(id) {
      await redis.hset(this.key(id), "consumed", Math.floor(Date.now() / 1000));
    }
    async destroy(id) {
      await redis.del(this.key(id));
    }
    async revokeByGrantId(grantId) {
      const grant = ofGrant(grantId);
      const members = await redis.lrange(grant, 0, -1);
      await redis.multi([["del", grant], ...members.map((key) => ["del", key])]).exec();
    }
  };
}
