export { redis, type RedisOptions } from "./redis/redis.ts";
export type { IoRedisLike, NodeRedisLike, RedisClient, RedisSubscriber } from "./redis/client.ts";
