/**
 * The SDK's converter, except that a payload which cannot be decoded becomes an `Undecodable` instead of an exception:
 * a Signal sent by hand with broken JSON would otherwise fail every workflow task of that alert from then on. Message
 * handlers validate what they are given, so it is refused there with words.
 */
import { DefaultPayloadConverter, type Payload } from '@temporalio/common';

export interface Undecodable {
  readonly undecodable: string;
}

class TolerantPayloadConverter extends DefaultPayloadConverter {
  override fromPayload<T>(payload: Payload): T {
    try {
      return super.fromPayload<T>(payload);
    } catch (error) {
      const undecodable: Undecodable = {
        undecodable: error instanceof Error ? error.message : String(error),
      };
      return undecodable as T;
    }
  }
}

export const payloadConverter = new TolerantPayloadConverter();
