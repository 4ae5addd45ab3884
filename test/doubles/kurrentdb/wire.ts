/** From the store to the messages that the official client reads, and back. Its own generated stubs: the double says what they say. */

import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js'
import statuses from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/status_pb.js'
import type { BatchAppendReq, ReadReq } from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js'
import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js'
import errors from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v2/streams/errors_pb.js'
import v2 from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v2/streams/streams_pb.js'
import any from 'google-protobuf/google/protobuf/any_pb.js'
import empty from 'google-protobuf/google/protobuf/empty_pb.js'
import type { Expected, RecordInput, StoredRecord, StreamWrite } from './store.ts'

const TICKS_PER_MS = 10_000n

export function readEvent(record: StoredRecord): streams.ReadResp {
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent()
  recorded.setId(uuid(record.id))
  recorded.setStreamIdentifier(identifier(record.stream))
  recorded.setStreamRevision(String(record.revision))
  recorded.setCommitPosition(String(record.position))
  recorded.setPreparePosition(String(record.position))
  const metadata = recorded.getMetadataMap()
  metadata.set('type', record.type)
  metadata.set('content-type', record.contentType)
  metadata.set('created', String(BigInt(record.createdMs) * TICKS_PER_MS))
  recorded.setData(record.data)
  recorded.setCustomMetadata(record.metadata)
  const event = new streams.ReadResp.ReadEvent()
  event.setEvent(recorded)
  event.setCommitPosition(String(record.position))
  const response = new streams.ReadResp()
  response.setEvent(event)
  return response
}

export function confirmation(id: string): streams.ReadResp {
  const confirmed = new streams.ReadResp.SubscriptionConfirmation()
  confirmed.setSubscriptionId(id)
  const response = new streams.ReadResp()
  response.setConfirmation(confirmed)
  return response
}

export function caughtUp(): streams.ReadResp {
  const response = new streams.ReadResp()
  response.setCaughtUp(new streams.ReadResp.CaughtUp())
  return response
}

export function checkpoint(position: bigint): streams.ReadResp {
  const reached = new streams.ReadResp.Checkpoint()
  reached.setCommitPosition(String(position))
  reached.setPreparePosition(String(position))
  const response = new streams.ReadResp()
  response.setCheckpoint(reached)
  return response
}

export function streamNotFound(stream: string): streams.ReadResp {
  const missing = new streams.ReadResp.StreamNotFound()
  missing.setStreamIdentifier(identifier(stream))
  const response = new streams.ReadResp()
  response.setStreamNotFound(missing)
  return response
}

export function batchSucceeded(request: BatchAppendReq, head: number, position: bigint): streams.BatchAppendResp {
  const at = new shared.AllStreamPosition()
  at.setCommitPosition(String(position))
  at.setPreparePosition(String(position))
  const success = new streams.BatchAppendResp.Success()
  success.setCurrentRevision(String(head))
  success.setPosition(at)
  const response = new streams.BatchAppendResp()
  response.setCorrelationId(request.getCorrelationId())
  response.setSuccess(success)
  return response
}

export type Conflict = { readonly stream: string; readonly expected: Expected; readonly actual: number | null }

export function batchRefused(request: BatchAppendReq, { stream, expected, actual }: Conflict): streams.BatchAppendResp {
  const wrong = new shared.WrongExpectedVersion()
  if (actual === null) wrong.setCurrentNoStream(new empty.Empty())
  else wrong.setCurrentStreamRevision(String(actual))
  if (typeof expected === 'bigint') wrong.setExpectedStreamPosition(String(expected))
  else if (expected === 'no-stream') wrong.setExpectedNoStream(new empty.Empty())
  else wrong.setExpectedAny(new empty.Empty())
  const details = new any.Any()
  details.pack(wrong.serializeBinary(), 'event_store.client.WrongExpectedVersion')
  const status = new statuses.Status()
  status.setMessage('WrongExpectedVersion')
  status.setDetails(details)
  const response = new streams.BatchAppendResp()
  response.setCorrelationId(request.getCorrelationId())
  response.setStreamIdentifier(identifier(stream))
  response.setError(status)
  return response
}

/** The trailing `grpc-status-details-bin` of the v2 protocol. */
export function revisionConflict({ stream, expected, actual }: Conflict): Uint8Array {
  const conflict = new errors.StreamRevisionConflictErrorDetails()
  conflict.setStream(stream)
  conflict.setExpectedRevision(expectedNumber(expected))
  conflict.setActualRevision(actual === null ? '-1' : String(actual))
  const details = new any.Any()
  details.pack(conflict.serializeBinary(), 'kurrentdb.protocol.v2.streams.errors.StreamRevisionConflictErrorDetails')
  const status = new statuses.Status()
  status.setMessage('stream revision conflict')
  status.setDetails(details)
  return status.serializeBinary()
}

export function sessionResponse(heads: ReadonlyMap<string, number>, position: bigint): v2.AppendSessionResponse {
  const response = new v2.AppendSessionResponse()
  for (const [stream, head] of heads) {
    const output = new v2.AppendResponse()
    output.setStream(stream)
    output.setStreamRevision(String(head))
    response.addOutput(output)
  }
  response.setPosition(String(position))
  return response
}

export function batchWrite(requests: readonly BatchAppendReq[]): StreamWrite {
  const options = requests[0]?.getOptions()
  if (options === undefined) throw new TypeError('the first message of a batch has no options')
  const records = requests.flatMap((request) =>
    request.getProposedMessagesList().map((message) => ({
      id: message.getId()?.getString() ?? '',
      type: message.getMetadataMap().get('type') ?? '',
      contentType: message.getMetadataMap().get('content-type') ?? '',
      data: message.getData_asU8(),
      metadata: message.getCustomMetadata_asU8(),
    })),
  )
  return { stream: nameOf(options.getStreamIdentifier()), expected: expectedOf(options), records }
}

export function sessionWrite(request: v2.AppendRequest): StreamWrite {
  const records = request.getRecordsList().map((record): RecordInput => {
    const metadata: Record<string, string> = {}
    record.getPropertiesMap().forEach((value, key) => {
      metadata[key] = value.getStringValue()
    })
    return {
      id: record.getRecordId() ?? '',
      type: record.getSchema()?.getName() ?? '',
      contentType: 'application/json',
      data: record.getData_asU8(),
      metadata: Buffer.from(JSON.stringify(metadata)),
    }
  })
  const expected = BigInt(request.getExpectedRevision() ?? '-2')
  const words: Readonly<Record<string, Expected>> = { '-1': 'no-stream', '-2': 'any', '-4': 'stream-exists' }
  return { stream: request.getStream(), expected: words[String(expected)] ?? expected, records }
}

export function nameOf(stream: shared.StreamIdentifier | undefined): string {
  return Buffer.from(stream?.getStreamName_asU8() ?? []).toString()
}

/** Which records a filter lets through; system records never. */
export function filterOf(options: ReadReq.Options): (record: StoredRecord) => boolean {
  const filter = options.getFilter()
  const stream = filter?.getStreamIdentifier()
  const type = filter?.getEventType()
  const expression = stream ?? type
  if (expression === undefined) return () => true
  const prefixes = expression.getPrefixList()
  const regex = expression.getRegex() === '' ? null : new RegExp(expression.getRegex())
  return (record) => {
    const text = stream === undefined ? record.type : record.stream
    return prefixes.some((prefix) => text.startsWith(prefix)) || (regex?.test(text) ?? false)
  }
}

function expectedOf(options: BatchAppendReq.Options): Expected {
  if (options.hasAny()) return 'any'
  if (options.hasNoStream()) return 'no-stream'
  if (options.hasStreamExists()) return 'stream-exists'
  return BigInt(options.getStreamPosition())
}

function expectedNumber(expected: Expected): string {
  if (typeof expected === 'bigint') return String(expected)
  return { any: '-2', 'no-stream': '-1', 'stream-exists': '-4' }[expected]
}

function uuid(text: string): shared.UUID {
  const id = new shared.UUID()
  id.setString(text)
  return id
}

function identifier(name: string): shared.StreamIdentifier {
  const stream = new shared.StreamIdentifier()
  stream.setStreamName(Buffer.from(name).toString('base64'))
  return stream
}
