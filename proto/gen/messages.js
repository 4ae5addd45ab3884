/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError, $TypeError = $util.global.TypeError, $String = $util.global.String, $Array = $util.global.Array, $Number = $util.global.Number, $parseInt = $util.global.parseInt, $Boolean = $util.global.Boolean, $BigInt = $util.global.BigInt, $isFinite = $util.global.isFinite;

const $root = $protobuf.roots["hindcast"] || ($protobuf.roots["hindcast"] = {});

export const cilium = $root.cilium = (() => {

    const cilium = {};

    cilium.EntryType = (function() {
        const valuesById = $Object.create(null), values = $Object.create(valuesById);
        values[valuesById[0] = "Request"] = 0;
        values[valuesById[1] = "Response"] = 1;
        values[valuesById[2] = "Denied"] = 2;
        return values;
    })();

    cilium.HttpProtocol = (function() {
        const valuesById = $Object.create(null), values = $Object.create(valuesById);
        values[valuesById[0] = "HTTP10"] = 0;
        values[valuesById[1] = "HTTP11"] = 1;
        values[valuesById[2] = "HTTP2"] = 2;
        return values;
    })();

    cilium.KeyValue = (function() {

        const KeyValue = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        KeyValue.prototype.key = "";
        KeyValue.prototype.value = "";

        KeyValue.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.key != null && $Object.hasOwnProperty.call(message, "key") && message.key !== "")
                writer.uint32(10).string(message.key);
            if (message.value != null && $Object.hasOwnProperty.call(message, "value") && message.value !== "")
                writer.uint32(18).string(message.value);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        KeyValue.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.cilium.KeyValue();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.key = value;
                        else
                            delete message.key;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.value = value;
                        else
                            delete message.value;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        KeyValue.fromObject = function (object, _depth) {
            if (object instanceof $root.cilium.KeyValue)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".cilium.KeyValue: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.cilium.KeyValue();
            if (object.key != null)
                if (typeof object.key !== "string" || object.key.length)
                    message.key = $String(object.key);
            if (object.value != null)
                if (typeof object.value !== "string" || object.value.length)
                    message.value = $String(object.value);
            return message;
        };

        KeyValue.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.defaults) {
                object.key = "";
                object.value = "";
            }
            if (message.key != null && $Object.hasOwnProperty.call(message, "key"))
                object.key = message.key;
            if (message.value != null && $Object.hasOwnProperty.call(message, "value"))
                object.value = message.value;
            return object;
        };

        KeyValue.prototype.toJSON = function() {
            return KeyValue.toObject(this, $protobuf.util.toJSONOptions);
        };

        return KeyValue;
    })();

    cilium.HttpLogEntry = (function() {

        const HttpLogEntry = function (properties) {
            this.headers = [];
            this.missingHeaders = [];
            this.rejectedHeaders = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        HttpLogEntry.prototype.httpProtocol = 0;
        HttpLogEntry.prototype.scheme = "";
        HttpLogEntry.prototype.host = "";
        HttpLogEntry.prototype.path = "";
        HttpLogEntry.prototype.method = "";
        HttpLogEntry.prototype.headers = $util.emptyArray;
        HttpLogEntry.prototype.status = 0;
        HttpLogEntry.prototype.missingHeaders = $util.emptyArray;
        HttpLogEntry.prototype.rejectedHeaders = $util.emptyArray;

        HttpLogEntry.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.httpProtocol != null && $Object.hasOwnProperty.call(message, "httpProtocol") && message.httpProtocol !== 0)
                writer.uint32(8).int32(message.httpProtocol);
            if (message.scheme != null && $Object.hasOwnProperty.call(message, "scheme") && message.scheme !== "")
                writer.uint32(18).string(message.scheme);
            if (message.host != null && $Object.hasOwnProperty.call(message, "host") && message.host !== "")
                writer.uint32(26).string(message.host);
            if (message.path != null && $Object.hasOwnProperty.call(message, "path") && message.path !== "")
                writer.uint32(34).string(message.path);
            if (message.method != null && $Object.hasOwnProperty.call(message, "method") && message.method !== "")
                writer.uint32(42).string(message.method);
            if (message.headers != null && message.headers.length)
                for (let i = 0; i < message.headers.length; ++i)
                    $root.cilium.KeyValue.encode(message.headers[i], writer.uint32(50).fork(), _depth + 1).ldelim();
            if (message.status != null && $Object.hasOwnProperty.call(message, "status") && message.status !== 0)
                writer.uint32(56).uint32(message.status);
            if (message.missingHeaders != null && message.missingHeaders.length)
                for (let i = 0; i < message.missingHeaders.length; ++i)
                    $root.cilium.KeyValue.encode(message.missingHeaders[i], writer.uint32(66).fork(), _depth + 1).ldelim();
            if (message.rejectedHeaders != null && message.rejectedHeaders.length)
                for (let i = 0; i < message.rejectedHeaders.length; ++i)
                    $root.cilium.KeyValue.encode(message.rejectedHeaders[i], writer.uint32(74).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        HttpLogEntry.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.cilium.HttpLogEntry();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.int32())
                            message.httpProtocol = value;
                        else
                            delete message.httpProtocol;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.scheme = value;
                        else
                            delete message.scheme;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.host = value;
                        else
                            delete message.host;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.path = value;
                        else
                            delete message.path;
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.method = value;
                        else
                            delete message.method;
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        if (!(message.headers && message.headers.length))
                            message.headers = [];
                        message.headers.push($root.cilium.KeyValue.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                case 7: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.status = value;
                        else
                            delete message.status;
                        continue;
                    }
                case 8: {
                        if (wireType !== 2)
                            break;
                        if (!(message.missingHeaders && message.missingHeaders.length))
                            message.missingHeaders = [];
                        message.missingHeaders.push($root.cilium.KeyValue.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                case 9: {
                        if (wireType !== 2)
                            break;
                        if (!(message.rejectedHeaders && message.rejectedHeaders.length))
                            message.rejectedHeaders = [];
                        message.rejectedHeaders.push($root.cilium.KeyValue.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        HttpLogEntry.fromObject = function (object, _depth) {
            if (object instanceof $root.cilium.HttpLogEntry)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".cilium.HttpLogEntry: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.cilium.HttpLogEntry();
            if (object.httpProtocol !== 0 && (typeof object.httpProtocol !== "string" || $root.cilium.HttpProtocol[object.httpProtocol] !== 0))
                switch (object.httpProtocol) {
                case "HTTP10":
                case 0:
                    message.httpProtocol = 0;
                    break;
                case "HTTP11":
                case 1:
                    message.httpProtocol = 1;
                    break;
                case "HTTP2":
                case 2:
                    message.httpProtocol = 2;
                    break;
                default:
                    if (typeof object.httpProtocol === "number" && (object.httpProtocol | 0) === object.httpProtocol)
                        message.httpProtocol = object.httpProtocol;
                }
            if (object.scheme != null)
                if (typeof object.scheme !== "string" || object.scheme.length)
                    message.scheme = $String(object.scheme);
            if (object.host != null)
                if (typeof object.host !== "string" || object.host.length)
                    message.host = $String(object.host);
            if (object.path != null)
                if (typeof object.path !== "string" || object.path.length)
                    message.path = $String(object.path);
            if (object.method != null)
                if (typeof object.method !== "string" || object.method.length)
                    message.method = $String(object.method);
            if (object.headers) {
                if (!$Array.isArray(object.headers))
                    throw $TypeError(".cilium.HttpLogEntry.headers: array expected");
                message.headers = $Array(object.headers.length);
                for (let i = 0; i < object.headers.length; ++i) {
                    if (!$util.isObject(object.headers[i]))
                        throw $TypeError(".cilium.HttpLogEntry.headers: object expected");
                    message.headers[i] = $root.cilium.KeyValue.fromObject(object.headers[i], _depth + 1);
                }
            }
            if (object.status != null)
                if ($Number(object.status) !== 0)
                    message.status = object.status >>> 0;
            if (object.missingHeaders) {
                if (!$Array.isArray(object.missingHeaders))
                    throw $TypeError(".cilium.HttpLogEntry.missingHeaders: array expected");
                message.missingHeaders = $Array(object.missingHeaders.length);
                for (let i = 0; i < object.missingHeaders.length; ++i) {
                    if (!$util.isObject(object.missingHeaders[i]))
                        throw $TypeError(".cilium.HttpLogEntry.missingHeaders: object expected");
                    message.missingHeaders[i] = $root.cilium.KeyValue.fromObject(object.missingHeaders[i], _depth + 1);
                }
            }
            if (object.rejectedHeaders) {
                if (!$Array.isArray(object.rejectedHeaders))
                    throw $TypeError(".cilium.HttpLogEntry.rejectedHeaders: array expected");
                message.rejectedHeaders = $Array(object.rejectedHeaders.length);
                for (let i = 0; i < object.rejectedHeaders.length; ++i) {
                    if (!$util.isObject(object.rejectedHeaders[i]))
                        throw $TypeError(".cilium.HttpLogEntry.rejectedHeaders: object expected");
                    message.rejectedHeaders[i] = $root.cilium.KeyValue.fromObject(object.rejectedHeaders[i], _depth + 1);
                }
            }
            return message;
        };

        HttpLogEntry.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.arrays || options.defaults) {
                object.headers = [];
                object.missingHeaders = [];
                object.rejectedHeaders = [];
            }
            if (options.defaults) {
                object.httpProtocol = options.enums === $String ? "HTTP10" : 0;
                object.scheme = "";
                object.host = "";
                object.path = "";
                object.method = "";
                object.status = 0;
            }
            if (message.httpProtocol != null && $Object.hasOwnProperty.call(message, "httpProtocol"))
                object.httpProtocol = options.enums === $String ? $root.cilium.HttpProtocol[message.httpProtocol] === $undefined ? message.httpProtocol : $root.cilium.HttpProtocol[message.httpProtocol] : message.httpProtocol;
            if (message.scheme != null && $Object.hasOwnProperty.call(message, "scheme"))
                object.scheme = message.scheme;
            if (message.host != null && $Object.hasOwnProperty.call(message, "host"))
                object.host = message.host;
            if (message.path != null && $Object.hasOwnProperty.call(message, "path"))
                object.path = message.path;
            if (message.method != null && $Object.hasOwnProperty.call(message, "method"))
                object.method = message.method;
            if (message.headers && message.headers.length) {
                object.headers = $Array(message.headers.length);
                for (let j = 0; j < message.headers.length; ++j)
                    object.headers[j] = $root.cilium.KeyValue.toObject(message.headers[j], options, _depth + 1);
            }
            if (message.status != null && $Object.hasOwnProperty.call(message, "status"))
                object.status = message.status;
            if (message.missingHeaders && message.missingHeaders.length) {
                object.missingHeaders = $Array(message.missingHeaders.length);
                for (let j = 0; j < message.missingHeaders.length; ++j)
                    object.missingHeaders[j] = $root.cilium.KeyValue.toObject(message.missingHeaders[j], options, _depth + 1);
            }
            if (message.rejectedHeaders && message.rejectedHeaders.length) {
                object.rejectedHeaders = $Array(message.rejectedHeaders.length);
                for (let j = 0; j < message.rejectedHeaders.length; ++j)
                    object.rejectedHeaders[j] = $root.cilium.KeyValue.toObject(message.rejectedHeaders[j], options, _depth + 1);
            }
            return object;
        };

        HttpLogEntry.prototype.toJSON = function() {
            return HttpLogEntry.toObject(this, $protobuf.util.toJSONOptions);
        };

        return HttpLogEntry;
    })();

    cilium.L7LogEntry = (function() {

        const L7LogEntry = function (properties) {
            this.fields = {};
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        L7LogEntry.prototype.proto = "";
        L7LogEntry.prototype.fields = $util.emptyObject;

        L7LogEntry.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.proto != null && $Object.hasOwnProperty.call(message, "proto") && message.proto !== "")
                writer.uint32(10).string(message.proto);
            if (message.fields != null && $Object.hasOwnProperty.call(message, "fields"))
                for (let keys = $Object.keys(message.fields), i = 0; i < keys.length; ++i)
                    writer.uint32(18).fork().uint32(10).string(keys[i]).uint32(18).string(message.fields[keys[i]]).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        L7LogEntry.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, key, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.cilium.L7LogEntry();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.proto = value;
                        else
                            delete message.proto;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if (message.fields === $util.emptyObject)
                            message.fields = {};
                        let end2 = reader.size() + reader.pos;
                        if (end2 > reader.len)
                            throw $RangeError("index out of range");
                        reader.len = end2;
                        key = "";
                        value = "";
                        while (reader.pos < end2) {
                            let tag2 = reader.tag();
                            wireType = tag2 & 7;
                            switch (tag2 >>>= 3) {
                            case 1:
                                if (wireType !== 2)
                                    break;
                                key = reader.stringVerify();
                                continue;
                            case 2:
                                if (wireType !== 2)
                                    break;
                                value = reader.stringVerify();
                                continue;
                            }
                            reader.skipType(wireType, _depth, tag2);
                        }
                        if (reader.pos !== end2)
                            throw $RangeError("index out of range");
                        reader.len = end;
                        if (key === "__proto__")
                            $util.makeProp(message.fields, key);
                        message.fields[key] = value;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        L7LogEntry.fromObject = function (object, _depth) {
            if (object instanceof $root.cilium.L7LogEntry)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".cilium.L7LogEntry: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.cilium.L7LogEntry();
            if (object.proto != null)
                if (typeof object.proto !== "string" || object.proto.length)
                    message.proto = $String(object.proto);
            if (object.fields) {
                if (!$util.isObject(object.fields))
                    throw $TypeError(".cilium.L7LogEntry.fields: object expected");
                message.fields = {};
                for (let keys = $Object.keys(object.fields), i = 0; i < keys.length; ++i) {
                    if (keys[i] === "__proto__")
                        $util.makeProp(message.fields, keys[i]);
                    message.fields[keys[i]] = $String(object.fields[keys[i]]);
                }
            }
            return message;
        };

        L7LogEntry.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.objects || options.defaults)
                object.fields = {};
            if (options.defaults)
                object.proto = "";
            if (message.proto != null && $Object.hasOwnProperty.call(message, "proto"))
                object.proto = message.proto;
            let keys2;
            if (message.fields && (keys2 = $Object.keys(message.fields)).length) {
                object.fields = {};
                for (let j = 0; j < keys2.length; ++j) {
                    if (keys2[j] === "__proto__")
                        $util.makeProp(object.fields, keys2[j]);
                    object.fields[keys2[j]] = message.fields[keys2[j]];
                }
            }
            return object;
        };

        L7LogEntry.prototype.toJSON = function() {
            return L7LogEntry.toObject(this, $protobuf.util.toJSONOptions);
        };

        return L7LogEntry;
    })();

    cilium.LogEntry = (function() {

        const LogEntry = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        LogEntry.prototype.timestamp = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        LogEntry.prototype.entryType = 0;
        LogEntry.prototype.policyName = "";
        LogEntry.prototype.ciliumRuleRef = "";
        LogEntry.prototype.sourceSecurityId = 0;
        LogEntry.prototype.sourceAddress = "";
        LogEntry.prototype.destinationAddress = "";
        LogEntry.prototype.isIngress = false;
        LogEntry.prototype.destinationSecurityId = 0;
        LogEntry.prototype.proxyId = 0;
        LogEntry.prototype.http = null;
        LogEntry.prototype.genericL7 = null;

        let $oneOfFields;

        $Object.defineProperty(LogEntry.prototype, "l7", {
            get: $util.oneOfGetter($oneOfFields = ["http", "genericL7"]),
            set: $util.oneOfSetter($oneOfFields)
        });

        LogEntry.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.timestamp != null && $Object.hasOwnProperty.call(message, "timestamp") && (typeof message.timestamp === "object" ? message.timestamp.low || message.timestamp.high : message.timestamp !== 0))
                writer.uint32(8).uint64(message.timestamp);
            if (message.entryType != null && $Object.hasOwnProperty.call(message, "entryType") && message.entryType !== 0)
                writer.uint32(24).int32(message.entryType);
            if (message.policyName != null && $Object.hasOwnProperty.call(message, "policyName") && message.policyName !== "")
                writer.uint32(34).string(message.policyName);
            if (message.ciliumRuleRef != null && $Object.hasOwnProperty.call(message, "ciliumRuleRef") && message.ciliumRuleRef !== "")
                writer.uint32(42).string(message.ciliumRuleRef);
            if (message.sourceSecurityId != null && $Object.hasOwnProperty.call(message, "sourceSecurityId") && message.sourceSecurityId !== 0)
                writer.uint32(48).uint32(message.sourceSecurityId);
            if (message.sourceAddress != null && $Object.hasOwnProperty.call(message, "sourceAddress") && message.sourceAddress !== "")
                writer.uint32(58).string(message.sourceAddress);
            if (message.destinationAddress != null && $Object.hasOwnProperty.call(message, "destinationAddress") && message.destinationAddress !== "")
                writer.uint32(66).string(message.destinationAddress);
            if (message.isIngress != null && $Object.hasOwnProperty.call(message, "isIngress") && message.isIngress !== false)
                writer.uint32(120).bool(message.isIngress);
            if (message.destinationSecurityId != null && $Object.hasOwnProperty.call(message, "destinationSecurityId") && message.destinationSecurityId !== 0)
                writer.uint32(128).uint32(message.destinationSecurityId);
            if (message.proxyId != null && $Object.hasOwnProperty.call(message, "proxyId") && message.proxyId !== 0)
                writer.uint32(136).uint32(message.proxyId);
            if (message.http != null && $Object.hasOwnProperty.call(message, "http"))
                $root.cilium.HttpLogEntry.encode(message.http, writer.uint32(802).fork(), _depth + 1).ldelim();
            if (message.genericL7 != null && $Object.hasOwnProperty.call(message, "genericL7"))
                $root.cilium.L7LogEntry.encode(message.genericL7, writer.uint32(818).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        LogEntry.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.cilium.LogEntry();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.timestamp = value;
                        else
                            delete message.timestamp;
                        continue;
                    }
                case 3: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.int32())
                            message.entryType = value;
                        else
                            delete message.entryType;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.policyName = value;
                        else
                            delete message.policyName;
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.ciliumRuleRef = value;
                        else
                            delete message.ciliumRuleRef;
                        continue;
                    }
                case 6: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.sourceSecurityId = value;
                        else
                            delete message.sourceSecurityId;
                        continue;
                    }
                case 7: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.sourceAddress = value;
                        else
                            delete message.sourceAddress;
                        continue;
                    }
                case 8: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.destinationAddress = value;
                        else
                            delete message.destinationAddress;
                        continue;
                    }
                case 15: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.bool())
                            message.isIngress = value;
                        else
                            delete message.isIngress;
                        continue;
                    }
                case 16: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.destinationSecurityId = value;
                        else
                            delete message.destinationSecurityId;
                        continue;
                    }
                case 17: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.proxyId = value;
                        else
                            delete message.proxyId;
                        continue;
                    }
                case 100: {
                        if (wireType !== 2)
                            break;
                        message.http = $root.cilium.HttpLogEntry.decode(reader, reader.size(), $undefined, _depth + 1, message.http);
                        message.l7 = "http";
                        continue;
                    }
                case 102: {
                        if (wireType !== 2)
                            break;
                        message.genericL7 = $root.cilium.L7LogEntry.decode(reader, reader.size(), $undefined, _depth + 1, message.genericL7);
                        message.l7 = "genericL7";
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        LogEntry.fromObject = function (object, _depth) {
            if (object instanceof $root.cilium.LogEntry)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".cilium.LogEntry: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.cilium.LogEntry();
            if (object.timestamp != null)
                if (typeof object.timestamp === "object" ? object.timestamp.low || object.timestamp.high : $Number(object.timestamp) !== 0)
                    if ($util.Long)
                        message.timestamp = $util.Long.fromValue(object.timestamp, true);
                    else if (typeof object.timestamp === "string")
                        message.timestamp = $parseInt(object.timestamp, 10);
                    else if (typeof object.timestamp === "number")
                        message.timestamp = object.timestamp;
                    else if (typeof object.timestamp === "object")
                        message.timestamp = new $util.LongBits(object.timestamp.low >>> 0, object.timestamp.high >>> 0).toNumber(true);
            if (object.entryType !== 0 && (typeof object.entryType !== "string" || $root.cilium.EntryType[object.entryType] !== 0))
                switch (object.entryType) {
                case "Request":
                case 0:
                    message.entryType = 0;
                    break;
                case "Response":
                case 1:
                    message.entryType = 1;
                    break;
                case "Denied":
                case 2:
                    message.entryType = 2;
                    break;
                default:
                    if (typeof object.entryType === "number" && (object.entryType | 0) === object.entryType)
                        message.entryType = object.entryType;
                }
            if (object.policyName != null)
                if (typeof object.policyName !== "string" || object.policyName.length)
                    message.policyName = $String(object.policyName);
            if (object.ciliumRuleRef != null)
                if (typeof object.ciliumRuleRef !== "string" || object.ciliumRuleRef.length)
                    message.ciliumRuleRef = $String(object.ciliumRuleRef);
            if (object.sourceSecurityId != null)
                if ($Number(object.sourceSecurityId) !== 0)
                    message.sourceSecurityId = object.sourceSecurityId >>> 0;
            if (object.sourceAddress != null)
                if (typeof object.sourceAddress !== "string" || object.sourceAddress.length)
                    message.sourceAddress = $String(object.sourceAddress);
            if (object.destinationAddress != null)
                if (typeof object.destinationAddress !== "string" || object.destinationAddress.length)
                    message.destinationAddress = $String(object.destinationAddress);
            if (object.isIngress != null)
                if (object.isIngress)
                    message.isIngress = $Boolean(object.isIngress);
            if (object.destinationSecurityId != null)
                if ($Number(object.destinationSecurityId) !== 0)
                    message.destinationSecurityId = object.destinationSecurityId >>> 0;
            if (object.proxyId != null)
                if ($Number(object.proxyId) !== 0)
                    message.proxyId = object.proxyId >>> 0;
            if (object.http != null) {
                if (!$util.isObject(object.http))
                    throw $TypeError(".cilium.LogEntry.http: object expected");
                message.http = $root.cilium.HttpLogEntry.fromObject(object.http, _depth + 1);
            }
            if (object.genericL7 != null) {
                if (!$util.isObject(object.genericL7))
                    throw $TypeError(".cilium.LogEntry.genericL7: object expected");
                message.genericL7 = $root.cilium.L7LogEntry.fromObject(object.genericL7, _depth + 1);
            }
            return message;
        };

        LogEntry.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.defaults) {
                if ($util.Long) {
                    let long = new $util.Long(0, 0, true);
                    object.timestamp = options.longs === $String ? long.toString() : options.longs === $Number ? long.toNumber() : typeof $BigInt !== "undefined" && options.longs === $BigInt ? long.toBigInt() : long;
                } else
                    object.timestamp = options.longs === $String ? "0" : typeof $BigInt !== "undefined" && options.longs === $BigInt ? $BigInt("0") : 0;
                object.entryType = options.enums === $String ? "Request" : 0;
                object.policyName = "";
                object.ciliumRuleRef = "";
                object.sourceSecurityId = 0;
                object.sourceAddress = "";
                object.destinationAddress = "";
                object.isIngress = false;
                object.destinationSecurityId = 0;
                object.proxyId = 0;
            }
            if (message.timestamp != null && $Object.hasOwnProperty.call(message, "timestamp"))
                if (typeof $BigInt !== "undefined" && options.longs === $BigInt)
                    object.timestamp = typeof message.timestamp === "number" ? $BigInt(message.timestamp) : $util.Long.fromBits(message.timestamp.low >>> 0, message.timestamp.high >>> 0, true).toBigInt();
                else if (typeof message.timestamp === "number")
                    object.timestamp = options.longs === $String ? $String(message.timestamp) : message.timestamp;
                else
                    object.timestamp = options.longs === $String ? $util.Long.prototype.toString.call(message.timestamp) : options.longs === $Number ? new $util.LongBits(message.timestamp.low >>> 0, message.timestamp.high >>> 0).toNumber(true) : message.timestamp;
            if (message.entryType != null && $Object.hasOwnProperty.call(message, "entryType"))
                object.entryType = options.enums === $String ? $root.cilium.EntryType[message.entryType] === $undefined ? message.entryType : $root.cilium.EntryType[message.entryType] : message.entryType;
            if (message.policyName != null && $Object.hasOwnProperty.call(message, "policyName"))
                object.policyName = message.policyName;
            if (message.ciliumRuleRef != null && $Object.hasOwnProperty.call(message, "ciliumRuleRef"))
                object.ciliumRuleRef = message.ciliumRuleRef;
            if (message.sourceSecurityId != null && $Object.hasOwnProperty.call(message, "sourceSecurityId"))
                object.sourceSecurityId = message.sourceSecurityId;
            if (message.sourceAddress != null && $Object.hasOwnProperty.call(message, "sourceAddress"))
                object.sourceAddress = message.sourceAddress;
            if (message.destinationAddress != null && $Object.hasOwnProperty.call(message, "destinationAddress"))
                object.destinationAddress = message.destinationAddress;
            if (message.isIngress != null && $Object.hasOwnProperty.call(message, "isIngress"))
                object.isIngress = message.isIngress;
            if (message.destinationSecurityId != null && $Object.hasOwnProperty.call(message, "destinationSecurityId"))
                object.destinationSecurityId = message.destinationSecurityId;
            if (message.proxyId != null && $Object.hasOwnProperty.call(message, "proxyId"))
                object.proxyId = message.proxyId;
            if (message.http != null && $Object.hasOwnProperty.call(message, "http")) {
                object.http = $root.cilium.HttpLogEntry.toObject(message.http, options, _depth + 1);
                if (options.oneofs)
                    object.l7 = "http";
            }
            if (message.genericL7 != null && $Object.hasOwnProperty.call(message, "genericL7")) {
                object.genericL7 = $root.cilium.L7LogEntry.toObject(message.genericL7, options, _depth + 1);
                if (options.oneofs)
                    object.l7 = "genericL7";
            }
            return object;
        };

        LogEntry.prototype.toJSON = function() {
            return LogEntry.toObject(this, $protobuf.util.toJSONOptions);
        };

        return LogEntry;
    })();

    cilium.BpfMetadata = (function() {

        const BpfMetadata = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        BpfMetadata.prototype.bpfRoot = "";
        BpfMetadata.prototype.isIngress = false;
        BpfMetadata.prototype.useOriginalSourceAddress = false;
        BpfMetadata.prototype.isL7lb = false;
        BpfMetadata.prototype.ipv4SourceAddress = "";
        BpfMetadata.prototype.ipv6SourceAddress = "";
        BpfMetadata.prototype.enforcePolicyOnL7lb = false;
        BpfMetadata.prototype.proxyId = 0;
        BpfMetadata.prototype.l7lbPolicyName = "";
        BpfMetadata.prototype.ipcacheName = "";
        BpfMetadata.prototype.useNphds = false;

        BpfMetadata.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.bpfRoot != null && $Object.hasOwnProperty.call(message, "bpfRoot") && message.bpfRoot !== "")
                writer.uint32(10).string(message.bpfRoot);
            if (message.isIngress != null && $Object.hasOwnProperty.call(message, "isIngress") && message.isIngress !== false)
                writer.uint32(16).bool(message.isIngress);
            if (message.useOriginalSourceAddress != null && $Object.hasOwnProperty.call(message, "useOriginalSourceAddress") && message.useOriginalSourceAddress !== false)
                writer.uint32(24).bool(message.useOriginalSourceAddress);
            if (message.isL7lb != null && $Object.hasOwnProperty.call(message, "isL7lb") && message.isL7lb !== false)
                writer.uint32(32).bool(message.isL7lb);
            if (message.ipv4SourceAddress != null && $Object.hasOwnProperty.call(message, "ipv4SourceAddress") && message.ipv4SourceAddress !== "")
                writer.uint32(42).string(message.ipv4SourceAddress);
            if (message.ipv6SourceAddress != null && $Object.hasOwnProperty.call(message, "ipv6SourceAddress") && message.ipv6SourceAddress !== "")
                writer.uint32(50).string(message.ipv6SourceAddress);
            if (message.enforcePolicyOnL7lb != null && $Object.hasOwnProperty.call(message, "enforcePolicyOnL7lb") && message.enforcePolicyOnL7lb !== false)
                writer.uint32(56).bool(message.enforcePolicyOnL7lb);
            if (message.proxyId != null && $Object.hasOwnProperty.call(message, "proxyId") && message.proxyId !== 0)
                writer.uint32(64).uint32(message.proxyId);
            if (message.l7lbPolicyName != null && $Object.hasOwnProperty.call(message, "l7lbPolicyName") && message.l7lbPolicyName !== "")
                writer.uint32(82).string(message.l7lbPolicyName);
            if (message.ipcacheName != null && $Object.hasOwnProperty.call(message, "ipcacheName") && message.ipcacheName !== "")
                writer.uint32(98).string(message.ipcacheName);
            if (message.useNphds != null && $Object.hasOwnProperty.call(message, "useNphds") && message.useNphds !== false)
                writer.uint32(104).bool(message.useNphds);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        BpfMetadata.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.cilium.BpfMetadata();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.bpfRoot = value;
                        else
                            delete message.bpfRoot;
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.bool())
                            message.isIngress = value;
                        else
                            delete message.isIngress;
                        continue;
                    }
                case 3: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.bool())
                            message.useOriginalSourceAddress = value;
                        else
                            delete message.useOriginalSourceAddress;
                        continue;
                    }
                case 4: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.bool())
                            message.isL7lb = value;
                        else
                            delete message.isL7lb;
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.ipv4SourceAddress = value;
                        else
                            delete message.ipv4SourceAddress;
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.ipv6SourceAddress = value;
                        else
                            delete message.ipv6SourceAddress;
                        continue;
                    }
                case 7: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.bool())
                            message.enforcePolicyOnL7lb = value;
                        else
                            delete message.enforcePolicyOnL7lb;
                        continue;
                    }
                case 8: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.proxyId = value;
                        else
                            delete message.proxyId;
                        continue;
                    }
                case 10: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.l7lbPolicyName = value;
                        else
                            delete message.l7lbPolicyName;
                        continue;
                    }
                case 12: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.ipcacheName = value;
                        else
                            delete message.ipcacheName;
                        continue;
                    }
                case 13: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.bool())
                            message.useNphds = value;
                        else
                            delete message.useNphds;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        BpfMetadata.fromObject = function (object, _depth) {
            if (object instanceof $root.cilium.BpfMetadata)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".cilium.BpfMetadata: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.cilium.BpfMetadata();
            if (object.bpfRoot != null)
                if (typeof object.bpfRoot !== "string" || object.bpfRoot.length)
                    message.bpfRoot = $String(object.bpfRoot);
            if (object.isIngress != null)
                if (object.isIngress)
                    message.isIngress = $Boolean(object.isIngress);
            if (object.useOriginalSourceAddress != null)
                if (object.useOriginalSourceAddress)
                    message.useOriginalSourceAddress = $Boolean(object.useOriginalSourceAddress);
            if (object.isL7lb != null)
                if (object.isL7lb)
                    message.isL7lb = $Boolean(object.isL7lb);
            if (object.ipv4SourceAddress != null)
                if (typeof object.ipv4SourceAddress !== "string" || object.ipv4SourceAddress.length)
                    message.ipv4SourceAddress = $String(object.ipv4SourceAddress);
            if (object.ipv6SourceAddress != null)
                if (typeof object.ipv6SourceAddress !== "string" || object.ipv6SourceAddress.length)
                    message.ipv6SourceAddress = $String(object.ipv6SourceAddress);
            if (object.enforcePolicyOnL7lb != null)
                if (object.enforcePolicyOnL7lb)
                    message.enforcePolicyOnL7lb = $Boolean(object.enforcePolicyOnL7lb);
            if (object.proxyId != null)
                if ($Number(object.proxyId) !== 0)
                    message.proxyId = object.proxyId >>> 0;
            if (object.l7lbPolicyName != null)
                if (typeof object.l7lbPolicyName !== "string" || object.l7lbPolicyName.length)
                    message.l7lbPolicyName = $String(object.l7lbPolicyName);
            if (object.ipcacheName != null)
                if (typeof object.ipcacheName !== "string" || object.ipcacheName.length)
                    message.ipcacheName = $String(object.ipcacheName);
            if (object.useNphds != null)
                if (object.useNphds)
                    message.useNphds = $Boolean(object.useNphds);
            return message;
        };

        BpfMetadata.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.defaults) {
                object.bpfRoot = "";
                object.isIngress = false;
                object.useOriginalSourceAddress = false;
                object.isL7lb = false;
                object.ipv4SourceAddress = "";
                object.ipv6SourceAddress = "";
                object.enforcePolicyOnL7lb = false;
                object.proxyId = 0;
                object.l7lbPolicyName = "";
                object.ipcacheName = "";
                object.useNphds = false;
            }
            if (message.bpfRoot != null && $Object.hasOwnProperty.call(message, "bpfRoot"))
                object.bpfRoot = message.bpfRoot;
            if (message.isIngress != null && $Object.hasOwnProperty.call(message, "isIngress"))
                object.isIngress = message.isIngress;
            if (message.useOriginalSourceAddress != null && $Object.hasOwnProperty.call(message, "useOriginalSourceAddress"))
                object.useOriginalSourceAddress = message.useOriginalSourceAddress;
            if (message.isL7lb != null && $Object.hasOwnProperty.call(message, "isL7lb"))
                object.isL7lb = message.isL7lb;
            if (message.ipv4SourceAddress != null && $Object.hasOwnProperty.call(message, "ipv4SourceAddress"))
                object.ipv4SourceAddress = message.ipv4SourceAddress;
            if (message.ipv6SourceAddress != null && $Object.hasOwnProperty.call(message, "ipv6SourceAddress"))
                object.ipv6SourceAddress = message.ipv6SourceAddress;
            if (message.enforcePolicyOnL7lb != null && $Object.hasOwnProperty.call(message, "enforcePolicyOnL7lb"))
                object.enforcePolicyOnL7lb = message.enforcePolicyOnL7lb;
            if (message.proxyId != null && $Object.hasOwnProperty.call(message, "proxyId"))
                object.proxyId = message.proxyId;
            if (message.l7lbPolicyName != null && $Object.hasOwnProperty.call(message, "l7lbPolicyName"))
                object.l7lbPolicyName = message.l7lbPolicyName;
            if (message.ipcacheName != null && $Object.hasOwnProperty.call(message, "ipcacheName"))
                object.ipcacheName = message.ipcacheName;
            if (message.useNphds != null && $Object.hasOwnProperty.call(message, "useNphds"))
                object.useNphds = message.useNphds;
            return object;
        };

        BpfMetadata.prototype.toJSON = function() {
            return BpfMetadata.toObject(this, $protobuf.util.toJSONOptions);
        };

        return BpfMetadata;
    })();

    cilium.NetworkFilter = (function() {

        const NetworkFilter = function (properties) {
            this.proxylibParams = {};
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        NetworkFilter.prototype.proxylib = "";
        NetworkFilter.prototype.proxylibParams = $util.emptyObject;
        NetworkFilter.prototype.accessLogPath = "";

        NetworkFilter.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.proxylib != null && $Object.hasOwnProperty.call(message, "proxylib") && message.proxylib !== "")
                writer.uint32(10).string(message.proxylib);
            if (message.proxylibParams != null && $Object.hasOwnProperty.call(message, "proxylibParams"))
                for (let keys = $Object.keys(message.proxylibParams), i = 0; i < keys.length; ++i)
                    writer.uint32(18).fork().uint32(10).string(keys[i]).uint32(18).string(message.proxylibParams[keys[i]]).ldelim();
            if (message.accessLogPath != null && $Object.hasOwnProperty.call(message, "accessLogPath") && message.accessLogPath !== "")
                writer.uint32(42).string(message.accessLogPath);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        NetworkFilter.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, key, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.cilium.NetworkFilter();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.proxylib = value;
                        else
                            delete message.proxylib;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if (message.proxylibParams === $util.emptyObject)
                            message.proxylibParams = {};
                        let end2 = reader.size() + reader.pos;
                        if (end2 > reader.len)
                            throw $RangeError("index out of range");
                        reader.len = end2;
                        key = "";
                        value = "";
                        while (reader.pos < end2) {
                            let tag2 = reader.tag();
                            wireType = tag2 & 7;
                            switch (tag2 >>>= 3) {
                            case 1:
                                if (wireType !== 2)
                                    break;
                                key = reader.stringVerify();
                                continue;
                            case 2:
                                if (wireType !== 2)
                                    break;
                                value = reader.stringVerify();
                                continue;
                            }
                            reader.skipType(wireType, _depth, tag2);
                        }
                        if (reader.pos !== end2)
                            throw $RangeError("index out of range");
                        reader.len = end;
                        if (key === "__proto__")
                            $util.makeProp(message.proxylibParams, key);
                        message.proxylibParams[key] = value;
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.accessLogPath = value;
                        else
                            delete message.accessLogPath;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        NetworkFilter.fromObject = function (object, _depth) {
            if (object instanceof $root.cilium.NetworkFilter)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".cilium.NetworkFilter: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.cilium.NetworkFilter();
            if (object.proxylib != null)
                if (typeof object.proxylib !== "string" || object.proxylib.length)
                    message.proxylib = $String(object.proxylib);
            if (object.proxylibParams) {
                if (!$util.isObject(object.proxylibParams))
                    throw $TypeError(".cilium.NetworkFilter.proxylibParams: object expected");
                message.proxylibParams = {};
                for (let keys = $Object.keys(object.proxylibParams), i = 0; i < keys.length; ++i) {
                    if (keys[i] === "__proto__")
                        $util.makeProp(message.proxylibParams, keys[i]);
                    message.proxylibParams[keys[i]] = $String(object.proxylibParams[keys[i]]);
                }
            }
            if (object.accessLogPath != null)
                if (typeof object.accessLogPath !== "string" || object.accessLogPath.length)
                    message.accessLogPath = $String(object.accessLogPath);
            return message;
        };

        NetworkFilter.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.objects || options.defaults)
                object.proxylibParams = {};
            if (options.defaults) {
                object.proxylib = "";
                object.accessLogPath = "";
            }
            if (message.proxylib != null && $Object.hasOwnProperty.call(message, "proxylib"))
                object.proxylib = message.proxylib;
            let keys2;
            if (message.proxylibParams && (keys2 = $Object.keys(message.proxylibParams)).length) {
                object.proxylibParams = {};
                for (let j = 0; j < keys2.length; ++j) {
                    if (keys2[j] === "__proto__")
                        $util.makeProp(object.proxylibParams, keys2[j]);
                    object.proxylibParams[keys2[j]] = message.proxylibParams[keys2[j]];
                }
            }
            if (message.accessLogPath != null && $Object.hasOwnProperty.call(message, "accessLogPath"))
                object.accessLogPath = message.accessLogPath;
            return object;
        };

        NetworkFilter.prototype.toJSON = function() {
            return NetworkFilter.toObject(this, $protobuf.util.toJSONOptions);
        };

        return NetworkFilter;
    })();

    cilium.L7Policy = (function() {

        const L7Policy = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        L7Policy.prototype.accessLogPath = "";
        L7Policy.prototype.denied_403Body = "";

        L7Policy.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.accessLogPath != null && $Object.hasOwnProperty.call(message, "accessLogPath") && message.accessLogPath !== "")
                writer.uint32(10).string(message.accessLogPath);
            if (message.denied_403Body != null && $Object.hasOwnProperty.call(message, "denied_403Body") && message.denied_403Body !== "")
                writer.uint32(26).string(message.denied_403Body);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        L7Policy.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.cilium.L7Policy();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.accessLogPath = value;
                        else
                            delete message.accessLogPath;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.denied_403Body = value;
                        else
                            delete message.denied_403Body;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        L7Policy.fromObject = function (object, _depth) {
            if (object instanceof $root.cilium.L7Policy)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".cilium.L7Policy: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.cilium.L7Policy();
            if (object.accessLogPath != null)
                if (typeof object.accessLogPath !== "string" || object.accessLogPath.length)
                    message.accessLogPath = $String(object.accessLogPath);
            if (object.denied_403Body != null)
                if (typeof object.denied_403Body !== "string" || object.denied_403Body.length)
                    message.denied_403Body = $String(object.denied_403Body);
            return message;
        };

        L7Policy.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.defaults) {
                object.accessLogPath = "";
                object.denied_403Body = "";
            }
            if (message.accessLogPath != null && $Object.hasOwnProperty.call(message, "accessLogPath"))
                object.accessLogPath = message.accessLogPath;
            if (message.denied_403Body != null && $Object.hasOwnProperty.call(message, "denied_403Body"))
                object.denied_403Body = message.denied_403Body;
            return object;
        };

        L7Policy.prototype.toJSON = function() {
            return L7Policy.toObject(this, $protobuf.util.toJSONOptions);
        };

        return L7Policy;
    })();

    cilium.NetworkPolicy = (function() {

        const NetworkPolicy = function (properties) {
            this.endpointIps = [];
            this.ingressPerPortPolicies = [];
            this.egressPerPortPolicies = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        NetworkPolicy.prototype.endpointIps = $util.emptyArray;
        NetworkPolicy.prototype.endpointId = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        NetworkPolicy.prototype.ingressPerPortPolicies = $util.emptyArray;
        NetworkPolicy.prototype.egressPerPortPolicies = $util.emptyArray;

        NetworkPolicy.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.endpointIps != null && message.endpointIps.length)
                for (let i = 0; i < message.endpointIps.length; ++i)
                    writer.uint32(10).string(message.endpointIps[i]);
            if (message.endpointId != null && $Object.hasOwnProperty.call(message, "endpointId") && (typeof message.endpointId === "object" ? message.endpointId.low || message.endpointId.high : message.endpointId !== 0))
                writer.uint32(16).uint64(message.endpointId);
            if (message.ingressPerPortPolicies != null && message.ingressPerPortPolicies.length)
                for (let i = 0; i < message.ingressPerPortPolicies.length; ++i)
                    $root.cilium.PortNetworkPolicy.encode(message.ingressPerPortPolicies[i], writer.uint32(26).fork(), _depth + 1).ldelim();
            if (message.egressPerPortPolicies != null && message.egressPerPortPolicies.length)
                for (let i = 0; i < message.egressPerPortPolicies.length; ++i)
                    $root.cilium.PortNetworkPolicy.encode(message.egressPerPortPolicies[i], writer.uint32(34).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        NetworkPolicy.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.cilium.NetworkPolicy();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if (!(message.endpointIps && message.endpointIps.length))
                            message.endpointIps = [];
                        message.endpointIps.push(reader.stringVerify());
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.endpointId = value;
                        else
                            delete message.endpointId;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if (!(message.ingressPerPortPolicies && message.ingressPerPortPolicies.length))
                            message.ingressPerPortPolicies = [];
                        message.ingressPerPortPolicies.push($root.cilium.PortNetworkPolicy.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if (!(message.egressPerPortPolicies && message.egressPerPortPolicies.length))
                            message.egressPerPortPolicies = [];
                        message.egressPerPortPolicies.push($root.cilium.PortNetworkPolicy.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        NetworkPolicy.fromObject = function (object, _depth) {
            if (object instanceof $root.cilium.NetworkPolicy)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".cilium.NetworkPolicy: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.cilium.NetworkPolicy();
            if (object.endpointIps) {
                if (!$Array.isArray(object.endpointIps))
                    throw $TypeError(".cilium.NetworkPolicy.endpointIps: array expected");
                message.endpointIps = $Array(object.endpointIps.length);
                for (let i = 0; i < object.endpointIps.length; ++i)
                    message.endpointIps[i] = $String(object.endpointIps[i]);
            }
            if (object.endpointId != null)
                if (typeof object.endpointId === "object" ? object.endpointId.low || object.endpointId.high : $Number(object.endpointId) !== 0)
                    if ($util.Long)
                        message.endpointId = $util.Long.fromValue(object.endpointId, true);
                    else if (typeof object.endpointId === "string")
                        message.endpointId = $parseInt(object.endpointId, 10);
                    else if (typeof object.endpointId === "number")
                        message.endpointId = object.endpointId;
                    else if (typeof object.endpointId === "object")
                        message.endpointId = new $util.LongBits(object.endpointId.low >>> 0, object.endpointId.high >>> 0).toNumber(true);
            if (object.ingressPerPortPolicies) {
                if (!$Array.isArray(object.ingressPerPortPolicies))
                    throw $TypeError(".cilium.NetworkPolicy.ingressPerPortPolicies: array expected");
                message.ingressPerPortPolicies = $Array(object.ingressPerPortPolicies.length);
                for (let i = 0; i < object.ingressPerPortPolicies.length; ++i) {
                    if (!$util.isObject(object.ingressPerPortPolicies[i]))
                        throw $TypeError(".cilium.NetworkPolicy.ingressPerPortPolicies: object expected");
                    message.ingressPerPortPolicies[i] = $root.cilium.PortNetworkPolicy.fromObject(object.ingressPerPortPolicies[i], _depth + 1);
                }
            }
            if (object.egressPerPortPolicies) {
                if (!$Array.isArray(object.egressPerPortPolicies))
                    throw $TypeError(".cilium.NetworkPolicy.egressPerPortPolicies: array expected");
                message.egressPerPortPolicies = $Array(object.egressPerPortPolicies.length);
                for (let i = 0; i < object.egressPerPortPolicies.length; ++i) {
                    if (!$util.isObject(object.egressPerPortPolicies[i]))
                        throw $TypeError(".cilium.NetworkPolicy.egressPerPortPolicies: object expected");
                    message.egressPerPortPolicies[i] = $root.cilium.PortNetworkPolicy.fromObject(object.egressPerPortPolicies[i], _depth + 1);
                }
            }
            return message;
        };

        NetworkPolicy.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.arrays || options.defaults) {
                object.endpointIps = [];
                object.ingressPerPortPolicies = [];
                object.egressPerPortPolicies = [];
            }
            if (options.defaults)
                if ($util.Long) {
                    let long = new $util.Long(0, 0, true);
                    object.endpointId = options.longs === $String ? long.toString() : options.longs === $Number ? long.toNumber() : typeof $BigInt !== "undefined" && options.longs === $BigInt ? long.toBigInt() : long;
                } else
                    object.endpointId = options.longs === $String ? "0" : typeof $BigInt !== "undefined" && options.longs === $BigInt ? $BigInt("0") : 0;
            if (message.endpointIps && message.endpointIps.length) {
                object.endpointIps = $Array(message.endpointIps.length);
                for (let j = 0; j < message.endpointIps.length; ++j)
                    object.endpointIps[j] = message.endpointIps[j];
            }
            if (message.endpointId != null && $Object.hasOwnProperty.call(message, "endpointId"))
                if (typeof $BigInt !== "undefined" && options.longs === $BigInt)
                    object.endpointId = typeof message.endpointId === "number" ? $BigInt(message.endpointId) : $util.Long.fromBits(message.endpointId.low >>> 0, message.endpointId.high >>> 0, true).toBigInt();
                else if (typeof message.endpointId === "number")
                    object.endpointId = options.longs === $String ? $String(message.endpointId) : message.endpointId;
                else
                    object.endpointId = options.longs === $String ? $util.Long.prototype.toString.call(message.endpointId) : options.longs === $Number ? new $util.LongBits(message.endpointId.low >>> 0, message.endpointId.high >>> 0).toNumber(true) : message.endpointId;
            if (message.ingressPerPortPolicies && message.ingressPerPortPolicies.length) {
                object.ingressPerPortPolicies = $Array(message.ingressPerPortPolicies.length);
                for (let j = 0; j < message.ingressPerPortPolicies.length; ++j)
                    object.ingressPerPortPolicies[j] = $root.cilium.PortNetworkPolicy.toObject(message.ingressPerPortPolicies[j], options, _depth + 1);
            }
            if (message.egressPerPortPolicies && message.egressPerPortPolicies.length) {
                object.egressPerPortPolicies = $Array(message.egressPerPortPolicies.length);
                for (let j = 0; j < message.egressPerPortPolicies.length; ++j)
                    object.egressPerPortPolicies[j] = $root.cilium.PortNetworkPolicy.toObject(message.egressPerPortPolicies[j], options, _depth + 1);
            }
            return object;
        };

        NetworkPolicy.prototype.toJSON = function() {
            return NetworkPolicy.toObject(this, $protobuf.util.toJSONOptions);
        };

        return NetworkPolicy;
    })();

    cilium.PortNetworkPolicy = (function() {

        const PortNetworkPolicy = function (properties) {
            this.rules = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PortNetworkPolicy.prototype.port = 0;
        PortNetworkPolicy.prototype.protocol = 0;
        PortNetworkPolicy.prototype.rules = $util.emptyArray;
        PortNetworkPolicy.prototype.endPort = 0;

        PortNetworkPolicy.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.port != null && $Object.hasOwnProperty.call(message, "port") && message.port !== 0)
                writer.uint32(8).uint32(message.port);
            if (message.protocol != null && $Object.hasOwnProperty.call(message, "protocol") && message.protocol !== 0)
                writer.uint32(16).int32(message.protocol);
            if (message.rules != null && message.rules.length)
                for (let i = 0; i < message.rules.length; ++i)
                    $root.cilium.PortNetworkPolicyRule.encode(message.rules[i], writer.uint32(26).fork(), _depth + 1).ldelim();
            if (message.endPort != null && $Object.hasOwnProperty.call(message, "endPort") && message.endPort !== 0)
                writer.uint32(32).uint32(message.endPort);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PortNetworkPolicy.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.cilium.PortNetworkPolicy();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.port = value;
                        else
                            delete message.port;
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.int32())
                            message.protocol = value;
                        else
                            delete message.protocol;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if (!(message.rules && message.rules.length))
                            message.rules = [];
                        message.rules.push($root.cilium.PortNetworkPolicyRule.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                case 4: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.endPort = value;
                        else
                            delete message.endPort;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        PortNetworkPolicy.fromObject = function (object, _depth) {
            if (object instanceof $root.cilium.PortNetworkPolicy)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".cilium.PortNetworkPolicy: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.cilium.PortNetworkPolicy();
            if (object.port != null)
                if ($Number(object.port) !== 0)
                    message.port = object.port >>> 0;
            if (object.protocol !== 0 && (typeof object.protocol !== "string" || $root.cilium.PortNetworkPolicy.Protocol[object.protocol] !== 0))
                switch (object.protocol) {
                case "TCP":
                case 0:
                    message.protocol = 0;
                    break;
                case "UDP":
                case 1:
                    message.protocol = 1;
                    break;
                default:
                    if (typeof object.protocol === "number" && (object.protocol | 0) === object.protocol)
                        message.protocol = object.protocol;
                }
            if (object.rules) {
                if (!$Array.isArray(object.rules))
                    throw $TypeError(".cilium.PortNetworkPolicy.rules: array expected");
                message.rules = $Array(object.rules.length);
                for (let i = 0; i < object.rules.length; ++i) {
                    if (!$util.isObject(object.rules[i]))
                        throw $TypeError(".cilium.PortNetworkPolicy.rules: object expected");
                    message.rules[i] = $root.cilium.PortNetworkPolicyRule.fromObject(object.rules[i], _depth + 1);
                }
            }
            if (object.endPort != null)
                if ($Number(object.endPort) !== 0)
                    message.endPort = object.endPort >>> 0;
            return message;
        };

        PortNetworkPolicy.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.arrays || options.defaults)
                object.rules = [];
            if (options.defaults) {
                object.port = 0;
                object.protocol = options.enums === $String ? "TCP" : 0;
                object.endPort = 0;
            }
            if (message.port != null && $Object.hasOwnProperty.call(message, "port"))
                object.port = message.port;
            if (message.protocol != null && $Object.hasOwnProperty.call(message, "protocol"))
                object.protocol = options.enums === $String ? $root.cilium.PortNetworkPolicy.Protocol[message.protocol] === $undefined ? message.protocol : $root.cilium.PortNetworkPolicy.Protocol[message.protocol] : message.protocol;
            if (message.rules && message.rules.length) {
                object.rules = $Array(message.rules.length);
                for (let j = 0; j < message.rules.length; ++j)
                    object.rules[j] = $root.cilium.PortNetworkPolicyRule.toObject(message.rules[j], options, _depth + 1);
            }
            if (message.endPort != null && $Object.hasOwnProperty.call(message, "endPort"))
                object.endPort = message.endPort;
            return object;
        };

        PortNetworkPolicy.prototype.toJSON = function() {
            return PortNetworkPolicy.toObject(this, $protobuf.util.toJSONOptions);
        };

        PortNetworkPolicy.Protocol = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "TCP"] = 0;
            values[valuesById[1] = "UDP"] = 1;
            return values;
        })();

        return PortNetworkPolicy;
    })();

    cilium.PortNetworkPolicyRule = (function() {

        const PortNetworkPolicyRule = function (properties) {
            this.serverNames = [];
            this.remotePolicies = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        PortNetworkPolicyRule.prototype.passPrecedence = null;
        PortNetworkPolicyRule.prototype.deny = null;
        PortNetworkPolicyRule.prototype.l7Proto = "";
        PortNetworkPolicyRule.prototype.downstreamTlsContext = null;
        PortNetworkPolicyRule.prototype.upstreamTlsContext = null;
        PortNetworkPolicyRule.prototype.name = "";
        PortNetworkPolicyRule.prototype.serverNames = $util.emptyArray;
        PortNetworkPolicyRule.prototype.remotePolicies = $util.emptyArray;
        PortNetworkPolicyRule.prototype.proxyId = 0;
        PortNetworkPolicyRule.prototype.precedence = 0;
        PortNetworkPolicyRule.prototype.httpRules = null;
        PortNetworkPolicyRule.prototype.kafkaRules = null;
        PortNetworkPolicyRule.prototype.l7Rules = null;

        let $oneOfFields;

        $Object.defineProperty(PortNetworkPolicyRule.prototype, "verdict", {
            get: $util.oneOfGetter($oneOfFields = ["passPrecedence", "deny"]),
            set: $util.oneOfSetter($oneOfFields)
        });

        $Object.defineProperty(PortNetworkPolicyRule.prototype, "l7", {
            get: $util.oneOfGetter($oneOfFields = ["httpRules", "kafkaRules", "l7Rules"]),
            set: $util.oneOfSetter($oneOfFields)
        });

        PortNetworkPolicyRule.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.passPrecedence != null && $Object.hasOwnProperty.call(message, "passPrecedence"))
                writer.uint32(8).uint32(message.passPrecedence);
            if (message.l7Proto != null && $Object.hasOwnProperty.call(message, "l7Proto") && message.l7Proto !== "")
                writer.uint32(18).string(message.l7Proto);
            if (message.downstreamTlsContext != null && $Object.hasOwnProperty.call(message, "downstreamTlsContext"))
                $root.cilium.TLSContext.encode(message.downstreamTlsContext, writer.uint32(26).fork(), _depth + 1).ldelim();
            if (message.upstreamTlsContext != null && $Object.hasOwnProperty.call(message, "upstreamTlsContext"))
                $root.cilium.TLSContext.encode(message.upstreamTlsContext, writer.uint32(34).fork(), _depth + 1).ldelim();
            if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                writer.uint32(42).string(message.name);
            if (message.serverNames != null && message.serverNames.length)
                for (let i = 0; i < message.serverNames.length; ++i)
                    writer.uint32(50).string(message.serverNames[i]);
            if (message.remotePolicies != null && message.remotePolicies.length)
                writer.uint32(58).uint32s(message.remotePolicies);
            if (message.deny != null && $Object.hasOwnProperty.call(message, "deny"))
                writer.uint32(64).bool(message.deny);
            if (message.proxyId != null && $Object.hasOwnProperty.call(message, "proxyId") && message.proxyId !== 0)
                writer.uint32(72).uint32(message.proxyId);
            if (message.precedence != null && $Object.hasOwnProperty.call(message, "precedence") && message.precedence !== 0)
                writer.uint32(80).uint32(message.precedence);
            if (message.httpRules != null && $Object.hasOwnProperty.call(message, "httpRules"))
                $root.cilium.HttpNetworkPolicyRules.encode(message.httpRules, writer.uint32(802).fork(), _depth + 1).ldelim();
            if (message.kafkaRules != null && $Object.hasOwnProperty.call(message, "kafkaRules"))
                $root.cilium.KafkaNetworkPolicyRules.encode(message.kafkaRules, writer.uint32(810).fork(), _depth + 1).ldelim();
            if (message.l7Rules != null && $Object.hasOwnProperty.call(message, "l7Rules"))
                $root.cilium.L7NetworkPolicyRules.encode(message.l7Rules, writer.uint32(818).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        PortNetworkPolicyRule.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.cilium.PortNetworkPolicyRule();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        message.passPrecedence = reader.uint32();
                        message.verdict = "passPrecedence";
                        continue;
                    }
                case 8: {
                        if (wireType !== 0)
                            break;
                        message.deny = reader.bool();
                        message.verdict = "deny";
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.l7Proto = value;
                        else
                            delete message.l7Proto;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        message.downstreamTlsContext = $root.cilium.TLSContext.decode(reader, reader.size(), $undefined, _depth + 1, message.downstreamTlsContext);
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        message.upstreamTlsContext = $root.cilium.TLSContext.decode(reader, reader.size(), $undefined, _depth + 1, message.upstreamTlsContext);
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.name = value;
                        else
                            delete message.name;
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        if (!(message.serverNames && message.serverNames.length))
                            message.serverNames = [];
                        message.serverNames.push(reader.stringVerify());
                        continue;
                    }
                case 7: {
                        if (wireType === 2) {
                            if (!(message.remotePolicies && message.remotePolicies.length))
                                message.remotePolicies = [];
                            reader.uint32s(message.remotePolicies);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.remotePolicies && message.remotePolicies.length))
                            message.remotePolicies = [];
                        message.remotePolicies.push(reader.uint32());
                        continue;
                    }
                case 9: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.proxyId = value;
                        else
                            delete message.proxyId;
                        continue;
                    }
                case 10: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.precedence = value;
                        else
                            delete message.precedence;
                        continue;
                    }
                case 100: {
                        if (wireType !== 2)
                            break;
                        message.httpRules = $root.cilium.HttpNetworkPolicyRules.decode(reader, reader.size(), $undefined, _depth + 1, message.httpRules);
                        message.l7 = "httpRules";
                        continue;
                    }
                case 101: {
                        if (wireType !== 2)
                            break;
                        message.kafkaRules = $root.cilium.KafkaNetworkPolicyRules.decode(reader, reader.size(), $undefined, _depth + 1, message.kafkaRules);
                        message.l7 = "kafkaRules";
                        continue;
                    }
                case 102: {
                        if (wireType !== 2)
                            break;
                        message.l7Rules = $root.cilium.L7NetworkPolicyRules.decode(reader, reader.size(), $undefined, _depth + 1, message.l7Rules);
                        message.l7 = "l7Rules";
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        PortNetworkPolicyRule.fromObject = function (object, _depth) {
            if (object instanceof $root.cilium.PortNetworkPolicyRule)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".cilium.PortNetworkPolicyRule: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.cilium.PortNetworkPolicyRule();
            if (object.passPrecedence != null)
                message.passPrecedence = object.passPrecedence >>> 0;
            if (object.deny != null)
                message.deny = $Boolean(object.deny);
            if (object.l7Proto != null)
                if (typeof object.l7Proto !== "string" || object.l7Proto.length)
                    message.l7Proto = $String(object.l7Proto);
            if (object.downstreamTlsContext != null) {
                if (!$util.isObject(object.downstreamTlsContext))
                    throw $TypeError(".cilium.PortNetworkPolicyRule.downstreamTlsContext: object expected");
                message.downstreamTlsContext = $root.cilium.TLSContext.fromObject(object.downstreamTlsContext, _depth + 1);
            }
            if (object.upstreamTlsContext != null) {
                if (!$util.isObject(object.upstreamTlsContext))
                    throw $TypeError(".cilium.PortNetworkPolicyRule.upstreamTlsContext: object expected");
                message.upstreamTlsContext = $root.cilium.TLSContext.fromObject(object.upstreamTlsContext, _depth + 1);
            }
            if (object.name != null)
                if (typeof object.name !== "string" || object.name.length)
                    message.name = $String(object.name);
            if (object.serverNames) {
                if (!$Array.isArray(object.serverNames))
                    throw $TypeError(".cilium.PortNetworkPolicyRule.serverNames: array expected");
                message.serverNames = $Array(object.serverNames.length);
                for (let i = 0; i < object.serverNames.length; ++i)
                    message.serverNames[i] = $String(object.serverNames[i]);
            }
            if (object.remotePolicies) {
                if (!$Array.isArray(object.remotePolicies))
                    throw $TypeError(".cilium.PortNetworkPolicyRule.remotePolicies: array expected");
                message.remotePolicies = $Array(object.remotePolicies.length);
                for (let i = 0; i < object.remotePolicies.length; ++i)
                    message.remotePolicies[i] = object.remotePolicies[i] >>> 0;
            }
            if (object.proxyId != null)
                if ($Number(object.proxyId) !== 0)
                    message.proxyId = object.proxyId >>> 0;
            if (object.precedence != null)
                if ($Number(object.precedence) !== 0)
                    message.precedence = object.precedence >>> 0;
            if (object.httpRules != null) {
                if (!$util.isObject(object.httpRules))
                    throw $TypeError(".cilium.PortNetworkPolicyRule.httpRules: object expected");
                message.httpRules = $root.cilium.HttpNetworkPolicyRules.fromObject(object.httpRules, _depth + 1);
            }
            if (object.kafkaRules != null) {
                if (!$util.isObject(object.kafkaRules))
                    throw $TypeError(".cilium.PortNetworkPolicyRule.kafkaRules: object expected");
                message.kafkaRules = $root.cilium.KafkaNetworkPolicyRules.fromObject(object.kafkaRules, _depth + 1);
            }
            if (object.l7Rules != null) {
                if (!$util.isObject(object.l7Rules))
                    throw $TypeError(".cilium.PortNetworkPolicyRule.l7Rules: object expected");
                message.l7Rules = $root.cilium.L7NetworkPolicyRules.fromObject(object.l7Rules, _depth + 1);
            }
            return message;
        };

        PortNetworkPolicyRule.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.arrays || options.defaults) {
                object.serverNames = [];
                object.remotePolicies = [];
            }
            if (options.defaults) {
                object.l7Proto = "";
                object.downstreamTlsContext = null;
                object.upstreamTlsContext = null;
                object.name = "";
                object.proxyId = 0;
                object.precedence = 0;
            }
            if (message.passPrecedence != null && $Object.hasOwnProperty.call(message, "passPrecedence")) {
                object.passPrecedence = message.passPrecedence;
                if (options.oneofs)
                    object.verdict = "passPrecedence";
            }
            if (message.l7Proto != null && $Object.hasOwnProperty.call(message, "l7Proto"))
                object.l7Proto = message.l7Proto;
            if (message.downstreamTlsContext != null && $Object.hasOwnProperty.call(message, "downstreamTlsContext"))
                object.downstreamTlsContext = $root.cilium.TLSContext.toObject(message.downstreamTlsContext, options, _depth + 1);
            if (message.upstreamTlsContext != null && $Object.hasOwnProperty.call(message, "upstreamTlsContext"))
                object.upstreamTlsContext = $root.cilium.TLSContext.toObject(message.upstreamTlsContext, options, _depth + 1);
            if (message.name != null && $Object.hasOwnProperty.call(message, "name"))
                object.name = message.name;
            if (message.serverNames && message.serverNames.length) {
                object.serverNames = $Array(message.serverNames.length);
                for (let j = 0; j < message.serverNames.length; ++j)
                    object.serverNames[j] = message.serverNames[j];
            }
            if (message.remotePolicies && message.remotePolicies.length) {
                object.remotePolicies = $Array(message.remotePolicies.length);
                for (let j = 0; j < message.remotePolicies.length; ++j)
                    object.remotePolicies[j] = message.remotePolicies[j];
            }
            if (message.deny != null && $Object.hasOwnProperty.call(message, "deny")) {
                object.deny = message.deny;
                if (options.oneofs)
                    object.verdict = "deny";
            }
            if (message.proxyId != null && $Object.hasOwnProperty.call(message, "proxyId"))
                object.proxyId = message.proxyId;
            if (message.precedence != null && $Object.hasOwnProperty.call(message, "precedence"))
                object.precedence = message.precedence;
            if (message.httpRules != null && $Object.hasOwnProperty.call(message, "httpRules")) {
                object.httpRules = $root.cilium.HttpNetworkPolicyRules.toObject(message.httpRules, options, _depth + 1);
                if (options.oneofs)
                    object.l7 = "httpRules";
            }
            if (message.kafkaRules != null && $Object.hasOwnProperty.call(message, "kafkaRules")) {
                object.kafkaRules = $root.cilium.KafkaNetworkPolicyRules.toObject(message.kafkaRules, options, _depth + 1);
                if (options.oneofs)
                    object.l7 = "kafkaRules";
            }
            if (message.l7Rules != null && $Object.hasOwnProperty.call(message, "l7Rules")) {
                object.l7Rules = $root.cilium.L7NetworkPolicyRules.toObject(message.l7Rules, options, _depth + 1);
                if (options.oneofs)
                    object.l7 = "l7Rules";
            }
            return object;
        };

        PortNetworkPolicyRule.prototype.toJSON = function() {
            return PortNetworkPolicyRule.toObject(this, $protobuf.util.toJSONOptions);
        };

        return PortNetworkPolicyRule;
    })();

    cilium.TLSContext = (function() {

        const TLSContext = function (properties) {
            this.serverNames = [];
            this.alpnProtocols = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        TLSContext.prototype.trustedCa = "";
        TLSContext.prototype.certificateChain = "";
        TLSContext.prototype.privateKey = "";
        TLSContext.prototype.serverNames = $util.emptyArray;
        TLSContext.prototype.validationContextSdsSecret = "";
        TLSContext.prototype.tlsSdsSecret = "";
        TLSContext.prototype.alpnProtocols = $util.emptyArray;

        TLSContext.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.trustedCa != null && $Object.hasOwnProperty.call(message, "trustedCa") && message.trustedCa !== "")
                writer.uint32(10).string(message.trustedCa);
            if (message.certificateChain != null && $Object.hasOwnProperty.call(message, "certificateChain") && message.certificateChain !== "")
                writer.uint32(18).string(message.certificateChain);
            if (message.privateKey != null && $Object.hasOwnProperty.call(message, "privateKey") && message.privateKey !== "")
                writer.uint32(26).string(message.privateKey);
            if (message.serverNames != null && message.serverNames.length)
                for (let i = 0; i < message.serverNames.length; ++i)
                    writer.uint32(34).string(message.serverNames[i]);
            if (message.validationContextSdsSecret != null && $Object.hasOwnProperty.call(message, "validationContextSdsSecret") && message.validationContextSdsSecret !== "")
                writer.uint32(42).string(message.validationContextSdsSecret);
            if (message.tlsSdsSecret != null && $Object.hasOwnProperty.call(message, "tlsSdsSecret") && message.tlsSdsSecret !== "")
                writer.uint32(50).string(message.tlsSdsSecret);
            if (message.alpnProtocols != null && message.alpnProtocols.length)
                for (let i = 0; i < message.alpnProtocols.length; ++i)
                    writer.uint32(58).string(message.alpnProtocols[i]);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        TLSContext.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.cilium.TLSContext();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.trustedCa = value;
                        else
                            delete message.trustedCa;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.certificateChain = value;
                        else
                            delete message.certificateChain;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.privateKey = value;
                        else
                            delete message.privateKey;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if (!(message.serverNames && message.serverNames.length))
                            message.serverNames = [];
                        message.serverNames.push(reader.stringVerify());
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.validationContextSdsSecret = value;
                        else
                            delete message.validationContextSdsSecret;
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.tlsSdsSecret = value;
                        else
                            delete message.tlsSdsSecret;
                        continue;
                    }
                case 7: {
                        if (wireType !== 2)
                            break;
                        if (!(message.alpnProtocols && message.alpnProtocols.length))
                            message.alpnProtocols = [];
                        message.alpnProtocols.push(reader.stringVerify());
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        TLSContext.fromObject = function (object, _depth) {
            if (object instanceof $root.cilium.TLSContext)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".cilium.TLSContext: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.cilium.TLSContext();
            if (object.trustedCa != null)
                if (typeof object.trustedCa !== "string" || object.trustedCa.length)
                    message.trustedCa = $String(object.trustedCa);
            if (object.certificateChain != null)
                if (typeof object.certificateChain !== "string" || object.certificateChain.length)
                    message.certificateChain = $String(object.certificateChain);
            if (object.privateKey != null)
                if (typeof object.privateKey !== "string" || object.privateKey.length)
                    message.privateKey = $String(object.privateKey);
            if (object.serverNames) {
                if (!$Array.isArray(object.serverNames))
                    throw $TypeError(".cilium.TLSContext.serverNames: array expected");
                message.serverNames = $Array(object.serverNames.length);
                for (let i = 0; i < object.serverNames.length; ++i)
                    message.serverNames[i] = $String(object.serverNames[i]);
            }
            if (object.validationContextSdsSecret != null)
                if (typeof object.validationContextSdsSecret !== "string" || object.validationContextSdsSecret.length)
                    message.validationContextSdsSecret = $String(object.validationContextSdsSecret);
            if (object.tlsSdsSecret != null)
                if (typeof object.tlsSdsSecret !== "string" || object.tlsSdsSecret.length)
                    message.tlsSdsSecret = $String(object.tlsSdsSecret);
            if (object.alpnProtocols) {
                if (!$Array.isArray(object.alpnProtocols))
                    throw $TypeError(".cilium.TLSContext.alpnProtocols: array expected");
                message.alpnProtocols = $Array(object.alpnProtocols.length);
                for (let i = 0; i < object.alpnProtocols.length; ++i)
                    message.alpnProtocols[i] = $String(object.alpnProtocols[i]);
            }
            return message;
        };

        TLSContext.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.arrays || options.defaults) {
                object.serverNames = [];
                object.alpnProtocols = [];
            }
            if (options.defaults) {
                object.trustedCa = "";
                object.certificateChain = "";
                object.privateKey = "";
                object.validationContextSdsSecret = "";
                object.tlsSdsSecret = "";
            }
            if (message.trustedCa != null && $Object.hasOwnProperty.call(message, "trustedCa"))
                object.trustedCa = message.trustedCa;
            if (message.certificateChain != null && $Object.hasOwnProperty.call(message, "certificateChain"))
                object.certificateChain = message.certificateChain;
            if (message.privateKey != null && $Object.hasOwnProperty.call(message, "privateKey"))
                object.privateKey = message.privateKey;
            if (message.serverNames && message.serverNames.length) {
                object.serverNames = $Array(message.serverNames.length);
                for (let j = 0; j < message.serverNames.length; ++j)
                    object.serverNames[j] = message.serverNames[j];
            }
            if (message.validationContextSdsSecret != null && $Object.hasOwnProperty.call(message, "validationContextSdsSecret"))
                object.validationContextSdsSecret = message.validationContextSdsSecret;
            if (message.tlsSdsSecret != null && $Object.hasOwnProperty.call(message, "tlsSdsSecret"))
                object.tlsSdsSecret = message.tlsSdsSecret;
            if (message.alpnProtocols && message.alpnProtocols.length) {
                object.alpnProtocols = $Array(message.alpnProtocols.length);
                for (let j = 0; j < message.alpnProtocols.length; ++j)
                    object.alpnProtocols[j] = message.alpnProtocols[j];
            }
            return object;
        };

        TLSContext.prototype.toJSON = function() {
            return TLSContext.toObject(this, $protobuf.util.toJSONOptions);
        };

        return TLSContext;
    })();

    cilium.HttpNetworkPolicyRules = (function() {

        const HttpNetworkPolicyRules = function (properties) {
            this.httpRules = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        HttpNetworkPolicyRules.prototype.httpRules = $util.emptyArray;

        HttpNetworkPolicyRules.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.httpRules != null && message.httpRules.length)
                for (let i = 0; i < message.httpRules.length; ++i)
                    $root.cilium.HttpNetworkPolicyRule.encode(message.httpRules[i], writer.uint32(10).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        HttpNetworkPolicyRules.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.cilium.HttpNetworkPolicyRules();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if (!(message.httpRules && message.httpRules.length))
                            message.httpRules = [];
                        message.httpRules.push($root.cilium.HttpNetworkPolicyRule.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        HttpNetworkPolicyRules.fromObject = function (object, _depth) {
            if (object instanceof $root.cilium.HttpNetworkPolicyRules)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".cilium.HttpNetworkPolicyRules: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.cilium.HttpNetworkPolicyRules();
            if (object.httpRules) {
                if (!$Array.isArray(object.httpRules))
                    throw $TypeError(".cilium.HttpNetworkPolicyRules.httpRules: array expected");
                message.httpRules = $Array(object.httpRules.length);
                for (let i = 0; i < object.httpRules.length; ++i) {
                    if (!$util.isObject(object.httpRules[i]))
                        throw $TypeError(".cilium.HttpNetworkPolicyRules.httpRules: object expected");
                    message.httpRules[i] = $root.cilium.HttpNetworkPolicyRule.fromObject(object.httpRules[i], _depth + 1);
                }
            }
            return message;
        };

        HttpNetworkPolicyRules.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.arrays || options.defaults)
                object.httpRules = [];
            if (message.httpRules && message.httpRules.length) {
                object.httpRules = $Array(message.httpRules.length);
                for (let j = 0; j < message.httpRules.length; ++j)
                    object.httpRules[j] = $root.cilium.HttpNetworkPolicyRule.toObject(message.httpRules[j], options, _depth + 1);
            }
            return object;
        };

        HttpNetworkPolicyRules.prototype.toJSON = function() {
            return HttpNetworkPolicyRules.toObject(this, $protobuf.util.toJSONOptions);
        };

        return HttpNetworkPolicyRules;
    })();

    cilium.HttpNetworkPolicyRule = (function() {

        const HttpNetworkPolicyRule = function (properties) {
            this.headers = [];
            this.headerMatches = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        HttpNetworkPolicyRule.prototype.headers = $util.emptyArray;
        HttpNetworkPolicyRule.prototype.headerMatches = $util.emptyArray;

        HttpNetworkPolicyRule.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.headers != null && message.headers.length)
                for (let i = 0; i < message.headers.length; ++i)
                    $root.envoy.config.route.v3.HeaderMatcher.encode(message.headers[i], writer.uint32(10).fork(), _depth + 1).ldelim();
            if (message.headerMatches != null && message.headerMatches.length)
                for (let i = 0; i < message.headerMatches.length; ++i)
                    $root.cilium.HeaderMatch.encode(message.headerMatches[i], writer.uint32(18).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        HttpNetworkPolicyRule.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.cilium.HttpNetworkPolicyRule();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if (!(message.headers && message.headers.length))
                            message.headers = [];
                        message.headers.push($root.envoy.config.route.v3.HeaderMatcher.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if (!(message.headerMatches && message.headerMatches.length))
                            message.headerMatches = [];
                        message.headerMatches.push($root.cilium.HeaderMatch.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        HttpNetworkPolicyRule.fromObject = function (object, _depth) {
            if (object instanceof $root.cilium.HttpNetworkPolicyRule)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".cilium.HttpNetworkPolicyRule: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.cilium.HttpNetworkPolicyRule();
            if (object.headers) {
                if (!$Array.isArray(object.headers))
                    throw $TypeError(".cilium.HttpNetworkPolicyRule.headers: array expected");
                message.headers = $Array(object.headers.length);
                for (let i = 0; i < object.headers.length; ++i) {
                    if (!$util.isObject(object.headers[i]))
                        throw $TypeError(".cilium.HttpNetworkPolicyRule.headers: object expected");
                    message.headers[i] = $root.envoy.config.route.v3.HeaderMatcher.fromObject(object.headers[i], _depth + 1);
                }
            }
            if (object.headerMatches) {
                if (!$Array.isArray(object.headerMatches))
                    throw $TypeError(".cilium.HttpNetworkPolicyRule.headerMatches: array expected");
                message.headerMatches = $Array(object.headerMatches.length);
                for (let i = 0; i < object.headerMatches.length; ++i) {
                    if (!$util.isObject(object.headerMatches[i]))
                        throw $TypeError(".cilium.HttpNetworkPolicyRule.headerMatches: object expected");
                    message.headerMatches[i] = $root.cilium.HeaderMatch.fromObject(object.headerMatches[i], _depth + 1);
                }
            }
            return message;
        };

        HttpNetworkPolicyRule.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.arrays || options.defaults) {
                object.headers = [];
                object.headerMatches = [];
            }
            if (message.headers && message.headers.length) {
                object.headers = $Array(message.headers.length);
                for (let j = 0; j < message.headers.length; ++j)
                    object.headers[j] = $root.envoy.config.route.v3.HeaderMatcher.toObject(message.headers[j], options, _depth + 1);
            }
            if (message.headerMatches && message.headerMatches.length) {
                object.headerMatches = $Array(message.headerMatches.length);
                for (let j = 0; j < message.headerMatches.length; ++j)
                    object.headerMatches[j] = $root.cilium.HeaderMatch.toObject(message.headerMatches[j], options, _depth + 1);
            }
            return object;
        };

        HttpNetworkPolicyRule.prototype.toJSON = function() {
            return HttpNetworkPolicyRule.toObject(this, $protobuf.util.toJSONOptions);
        };

        return HttpNetworkPolicyRule;
    })();

    cilium.HeaderMatch = (function() {

        const HeaderMatch = function (properties) {
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        HeaderMatch.prototype.name = "";
        HeaderMatch.prototype.value = "";
        HeaderMatch.prototype.matchAction = 0;
        HeaderMatch.prototype.mismatchAction = 0;
        HeaderMatch.prototype.valueSdsSecret = "";

        HeaderMatch.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                writer.uint32(10).string(message.name);
            if (message.value != null && $Object.hasOwnProperty.call(message, "value") && message.value !== "")
                writer.uint32(18).string(message.value);
            if (message.matchAction != null && $Object.hasOwnProperty.call(message, "matchAction") && message.matchAction !== 0)
                writer.uint32(24).int32(message.matchAction);
            if (message.mismatchAction != null && $Object.hasOwnProperty.call(message, "mismatchAction") && message.mismatchAction !== 0)
                writer.uint32(32).int32(message.mismatchAction);
            if (message.valueSdsSecret != null && $Object.hasOwnProperty.call(message, "valueSdsSecret") && message.valueSdsSecret !== "")
                writer.uint32(42).string(message.valueSdsSecret);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        HeaderMatch.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.cilium.HeaderMatch();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.name = value;
                        else
                            delete message.name;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.value = value;
                        else
                            delete message.value;
                        continue;
                    }
                case 3: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.int32())
                            message.matchAction = value;
                        else
                            delete message.matchAction;
                        continue;
                    }
                case 4: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.int32())
                            message.mismatchAction = value;
                        else
                            delete message.mismatchAction;
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.valueSdsSecret = value;
                        else
                            delete message.valueSdsSecret;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        HeaderMatch.fromObject = function (object, _depth) {
            if (object instanceof $root.cilium.HeaderMatch)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".cilium.HeaderMatch: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.cilium.HeaderMatch();
            if (object.name != null)
                if (typeof object.name !== "string" || object.name.length)
                    message.name = $String(object.name);
            if (object.value != null)
                if (typeof object.value !== "string" || object.value.length)
                    message.value = $String(object.value);
            if (object.matchAction !== 0 && (typeof object.matchAction !== "string" || $root.cilium.HeaderMatch.MatchAction[object.matchAction] !== 0))
                switch (object.matchAction) {
                case "CONTINUE_ON_MATCH":
                case 0:
                    message.matchAction = 0;
                    break;
                case "FAIL_ON_MATCH":
                case 1:
                    message.matchAction = 1;
                    break;
                case "DELETE_ON_MATCH":
                case 2:
                    message.matchAction = 2;
                    break;
                default:
                    if (typeof object.matchAction === "number" && (object.matchAction | 0) === object.matchAction)
                        message.matchAction = object.matchAction;
                }
            if (object.mismatchAction !== 0 && (typeof object.mismatchAction !== "string" || $root.cilium.HeaderMatch.MismatchAction[object.mismatchAction] !== 0))
                switch (object.mismatchAction) {
                case "FAIL_ON_MISMATCH":
                case 0:
                    message.mismatchAction = 0;
                    break;
                case "CONTINUE_ON_MISMATCH":
                case 1:
                    message.mismatchAction = 1;
                    break;
                case "ADD_ON_MISMATCH":
                case 2:
                    message.mismatchAction = 2;
                    break;
                case "DELETE_ON_MISMATCH":
                case 3:
                    message.mismatchAction = 3;
                    break;
                case "REPLACE_ON_MISMATCH":
                case 4:
                    message.mismatchAction = 4;
                    break;
                default:
                    if (typeof object.mismatchAction === "number" && (object.mismatchAction | 0) === object.mismatchAction)
                        message.mismatchAction = object.mismatchAction;
                }
            if (object.valueSdsSecret != null)
                if (typeof object.valueSdsSecret !== "string" || object.valueSdsSecret.length)
                    message.valueSdsSecret = $String(object.valueSdsSecret);
            return message;
        };

        HeaderMatch.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.defaults) {
                object.name = "";
                object.value = "";
                object.matchAction = options.enums === $String ? "CONTINUE_ON_MATCH" : 0;
                object.mismatchAction = options.enums === $String ? "FAIL_ON_MISMATCH" : 0;
                object.valueSdsSecret = "";
            }
            if (message.name != null && $Object.hasOwnProperty.call(message, "name"))
                object.name = message.name;
            if (message.value != null && $Object.hasOwnProperty.call(message, "value"))
                object.value = message.value;
            if (message.matchAction != null && $Object.hasOwnProperty.call(message, "matchAction"))
                object.matchAction = options.enums === $String ? $root.cilium.HeaderMatch.MatchAction[message.matchAction] === $undefined ? message.matchAction : $root.cilium.HeaderMatch.MatchAction[message.matchAction] : message.matchAction;
            if (message.mismatchAction != null && $Object.hasOwnProperty.call(message, "mismatchAction"))
                object.mismatchAction = options.enums === $String ? $root.cilium.HeaderMatch.MismatchAction[message.mismatchAction] === $undefined ? message.mismatchAction : $root.cilium.HeaderMatch.MismatchAction[message.mismatchAction] : message.mismatchAction;
            if (message.valueSdsSecret != null && $Object.hasOwnProperty.call(message, "valueSdsSecret"))
                object.valueSdsSecret = message.valueSdsSecret;
            return object;
        };

        HeaderMatch.prototype.toJSON = function() {
            return HeaderMatch.toObject(this, $protobuf.util.toJSONOptions);
        };

        HeaderMatch.MatchAction = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "CONTINUE_ON_MATCH"] = 0;
            values[valuesById[1] = "FAIL_ON_MATCH"] = 1;
            values[valuesById[2] = "DELETE_ON_MATCH"] = 2;
            return values;
        })();

        HeaderMatch.MismatchAction = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "FAIL_ON_MISMATCH"] = 0;
            values[valuesById[1] = "CONTINUE_ON_MISMATCH"] = 1;
            values[valuesById[2] = "ADD_ON_MISMATCH"] = 2;
            values[valuesById[3] = "DELETE_ON_MISMATCH"] = 3;
            values[valuesById[4] = "REPLACE_ON_MISMATCH"] = 4;
            return values;
        })();

        return HeaderMatch;
    })();

    cilium.KafkaNetworkPolicyRules = (function() {

        const KafkaNetworkPolicyRules = function (properties) {
            this.kafkaRules = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        KafkaNetworkPolicyRules.prototype.kafkaRules = $util.emptyArray;

        KafkaNetworkPolicyRules.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.kafkaRules != null && message.kafkaRules.length)
                for (let i = 0; i < message.kafkaRules.length; ++i)
                    $root.cilium.KafkaNetworkPolicyRule.encode(message.kafkaRules[i], writer.uint32(10).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        KafkaNetworkPolicyRules.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.cilium.KafkaNetworkPolicyRules();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if (!(message.kafkaRules && message.kafkaRules.length))
                            message.kafkaRules = [];
                        message.kafkaRules.push($root.cilium.KafkaNetworkPolicyRule.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        KafkaNetworkPolicyRules.fromObject = function (object, _depth) {
            if (object instanceof $root.cilium.KafkaNetworkPolicyRules)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".cilium.KafkaNetworkPolicyRules: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.cilium.KafkaNetworkPolicyRules();
            if (object.kafkaRules) {
                if (!$Array.isArray(object.kafkaRules))
                    throw $TypeError(".cilium.KafkaNetworkPolicyRules.kafkaRules: array expected");
                message.kafkaRules = $Array(object.kafkaRules.length);
                for (let i = 0; i < object.kafkaRules.length; ++i) {
                    if (!$util.isObject(object.kafkaRules[i]))
                        throw $TypeError(".cilium.KafkaNetworkPolicyRules.kafkaRules: object expected");
                    message.kafkaRules[i] = $root.cilium.KafkaNetworkPolicyRule.fromObject(object.kafkaRules[i], _depth + 1);
                }
            }
            return message;
        };

        KafkaNetworkPolicyRules.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.arrays || options.defaults)
                object.kafkaRules = [];
            if (message.kafkaRules && message.kafkaRules.length) {
                object.kafkaRules = $Array(message.kafkaRules.length);
                for (let j = 0; j < message.kafkaRules.length; ++j)
                    object.kafkaRules[j] = $root.cilium.KafkaNetworkPolicyRule.toObject(message.kafkaRules[j], options, _depth + 1);
            }
            return object;
        };

        KafkaNetworkPolicyRules.prototype.toJSON = function() {
            return KafkaNetworkPolicyRules.toObject(this, $protobuf.util.toJSONOptions);
        };

        return KafkaNetworkPolicyRules;
    })();

    cilium.KafkaNetworkPolicyRule = (function() {

        const KafkaNetworkPolicyRule = function (properties) {
            this.apiKeys = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        KafkaNetworkPolicyRule.prototype.apiVersion = 0;
        KafkaNetworkPolicyRule.prototype.apiKeys = $util.emptyArray;
        KafkaNetworkPolicyRule.prototype.clientId = "";
        KafkaNetworkPolicyRule.prototype.topic = "";

        KafkaNetworkPolicyRule.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.apiVersion != null && $Object.hasOwnProperty.call(message, "apiVersion") && message.apiVersion !== 0)
                writer.uint32(8).int32(message.apiVersion);
            if (message.apiKeys != null && message.apiKeys.length)
                writer.uint32(18).int32s(message.apiKeys);
            if (message.clientId != null && $Object.hasOwnProperty.call(message, "clientId") && message.clientId !== "")
                writer.uint32(26).string(message.clientId);
            if (message.topic != null && $Object.hasOwnProperty.call(message, "topic") && message.topic !== "")
                writer.uint32(34).string(message.topic);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        KafkaNetworkPolicyRule.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.cilium.KafkaNetworkPolicyRule();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.int32())
                            message.apiVersion = value;
                        else
                            delete message.apiVersion;
                        continue;
                    }
                case 2: {
                        if (wireType === 2) {
                            if (!(message.apiKeys && message.apiKeys.length))
                                message.apiKeys = [];
                            reader.int32s(message.apiKeys);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.apiKeys && message.apiKeys.length))
                            message.apiKeys = [];
                        message.apiKeys.push(reader.int32());
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.clientId = value;
                        else
                            delete message.clientId;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.topic = value;
                        else
                            delete message.topic;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        KafkaNetworkPolicyRule.fromObject = function (object, _depth) {
            if (object instanceof $root.cilium.KafkaNetworkPolicyRule)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".cilium.KafkaNetworkPolicyRule: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.cilium.KafkaNetworkPolicyRule();
            if (object.apiVersion != null)
                if ($Number(object.apiVersion) !== 0)
                    message.apiVersion = object.apiVersion | 0;
            if (object.apiKeys) {
                if (!$Array.isArray(object.apiKeys))
                    throw $TypeError(".cilium.KafkaNetworkPolicyRule.apiKeys: array expected");
                message.apiKeys = $Array(object.apiKeys.length);
                for (let i = 0; i < object.apiKeys.length; ++i)
                    message.apiKeys[i] = object.apiKeys[i] | 0;
            }
            if (object.clientId != null)
                if (typeof object.clientId !== "string" || object.clientId.length)
                    message.clientId = $String(object.clientId);
            if (object.topic != null)
                if (typeof object.topic !== "string" || object.topic.length)
                    message.topic = $String(object.topic);
            return message;
        };

        KafkaNetworkPolicyRule.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.arrays || options.defaults)
                object.apiKeys = [];
            if (options.defaults) {
                object.apiVersion = 0;
                object.clientId = "";
                object.topic = "";
            }
            if (message.apiVersion != null && $Object.hasOwnProperty.call(message, "apiVersion"))
                object.apiVersion = message.apiVersion;
            if (message.apiKeys && message.apiKeys.length) {
                object.apiKeys = $Array(message.apiKeys.length);
                for (let j = 0; j < message.apiKeys.length; ++j)
                    object.apiKeys[j] = message.apiKeys[j];
            }
            if (message.clientId != null && $Object.hasOwnProperty.call(message, "clientId"))
                object.clientId = message.clientId;
            if (message.topic != null && $Object.hasOwnProperty.call(message, "topic"))
                object.topic = message.topic;
            return object;
        };

        KafkaNetworkPolicyRule.prototype.toJSON = function() {
            return KafkaNetworkPolicyRule.toObject(this, $protobuf.util.toJSONOptions);
        };

        return KafkaNetworkPolicyRule;
    })();

    cilium.L7NetworkPolicyRules = (function() {

        const L7NetworkPolicyRules = function (properties) {
            this.l7AllowRules = [];
            this.l7DenyRules = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        L7NetworkPolicyRules.prototype.l7AllowRules = $util.emptyArray;
        L7NetworkPolicyRules.prototype.l7DenyRules = $util.emptyArray;

        L7NetworkPolicyRules.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.l7AllowRules != null && message.l7AllowRules.length)
                for (let i = 0; i < message.l7AllowRules.length; ++i)
                    $root.cilium.L7NetworkPolicyRule.encode(message.l7AllowRules[i], writer.uint32(10).fork(), _depth + 1).ldelim();
            if (message.l7DenyRules != null && message.l7DenyRules.length)
                for (let i = 0; i < message.l7DenyRules.length; ++i)
                    $root.cilium.L7NetworkPolicyRule.encode(message.l7DenyRules[i], writer.uint32(18).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        L7NetworkPolicyRules.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.cilium.L7NetworkPolicyRules();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if (!(message.l7AllowRules && message.l7AllowRules.length))
                            message.l7AllowRules = [];
                        message.l7AllowRules.push($root.cilium.L7NetworkPolicyRule.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if (!(message.l7DenyRules && message.l7DenyRules.length))
                            message.l7DenyRules = [];
                        message.l7DenyRules.push($root.cilium.L7NetworkPolicyRule.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        L7NetworkPolicyRules.fromObject = function (object, _depth) {
            if (object instanceof $root.cilium.L7NetworkPolicyRules)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".cilium.L7NetworkPolicyRules: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.cilium.L7NetworkPolicyRules();
            if (object.l7AllowRules) {
                if (!$Array.isArray(object.l7AllowRules))
                    throw $TypeError(".cilium.L7NetworkPolicyRules.l7AllowRules: array expected");
                message.l7AllowRules = $Array(object.l7AllowRules.length);
                for (let i = 0; i < object.l7AllowRules.length; ++i) {
                    if (!$util.isObject(object.l7AllowRules[i]))
                        throw $TypeError(".cilium.L7NetworkPolicyRules.l7AllowRules: object expected");
                    message.l7AllowRules[i] = $root.cilium.L7NetworkPolicyRule.fromObject(object.l7AllowRules[i], _depth + 1);
                }
            }
            if (object.l7DenyRules) {
                if (!$Array.isArray(object.l7DenyRules))
                    throw $TypeError(".cilium.L7NetworkPolicyRules.l7DenyRules: array expected");
                message.l7DenyRules = $Array(object.l7DenyRules.length);
                for (let i = 0; i < object.l7DenyRules.length; ++i) {
                    if (!$util.isObject(object.l7DenyRules[i]))
                        throw $TypeError(".cilium.L7NetworkPolicyRules.l7DenyRules: object expected");
                    message.l7DenyRules[i] = $root.cilium.L7NetworkPolicyRule.fromObject(object.l7DenyRules[i], _depth + 1);
                }
            }
            return message;
        };

        L7NetworkPolicyRules.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.arrays || options.defaults) {
                object.l7AllowRules = [];
                object.l7DenyRules = [];
            }
            if (message.l7AllowRules && message.l7AllowRules.length) {
                object.l7AllowRules = $Array(message.l7AllowRules.length);
                for (let j = 0; j < message.l7AllowRules.length; ++j)
                    object.l7AllowRules[j] = $root.cilium.L7NetworkPolicyRule.toObject(message.l7AllowRules[j], options, _depth + 1);
            }
            if (message.l7DenyRules && message.l7DenyRules.length) {
                object.l7DenyRules = $Array(message.l7DenyRules.length);
                for (let j = 0; j < message.l7DenyRules.length; ++j)
                    object.l7DenyRules[j] = $root.cilium.L7NetworkPolicyRule.toObject(message.l7DenyRules[j], options, _depth + 1);
            }
            return object;
        };

        L7NetworkPolicyRules.prototype.toJSON = function() {
            return L7NetworkPolicyRules.toObject(this, $protobuf.util.toJSONOptions);
        };

        return L7NetworkPolicyRules;
    })();

    cilium.L7NetworkPolicyRule = (function() {

        const L7NetworkPolicyRule = function (properties) {
            this.rule = {};
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        L7NetworkPolicyRule.prototype.rule = $util.emptyObject;
        L7NetworkPolicyRule.prototype.name = "";

        L7NetworkPolicyRule.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.rule != null && $Object.hasOwnProperty.call(message, "rule"))
                for (let keys = $Object.keys(message.rule), i = 0; i < keys.length; ++i)
                    writer.uint32(10).fork().uint32(10).string(keys[i]).uint32(18).string(message.rule[keys[i]]).ldelim();
            if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                writer.uint32(26).string(message.name);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        L7NetworkPolicyRule.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, key, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.cilium.L7NetworkPolicyRule();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if (message.rule === $util.emptyObject)
                            message.rule = {};
                        let end2 = reader.size() + reader.pos;
                        if (end2 > reader.len)
                            throw $RangeError("index out of range");
                        reader.len = end2;
                        key = "";
                        value = "";
                        while (reader.pos < end2) {
                            let tag2 = reader.tag();
                            wireType = tag2 & 7;
                            switch (tag2 >>>= 3) {
                            case 1:
                                if (wireType !== 2)
                                    break;
                                key = reader.stringVerify();
                                continue;
                            case 2:
                                if (wireType !== 2)
                                    break;
                                value = reader.stringVerify();
                                continue;
                            }
                            reader.skipType(wireType, _depth, tag2);
                        }
                        if (reader.pos !== end2)
                            throw $RangeError("index out of range");
                        reader.len = end;
                        if (key === "__proto__")
                            $util.makeProp(message.rule, key);
                        message.rule[key] = value;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.name = value;
                        else
                            delete message.name;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        L7NetworkPolicyRule.fromObject = function (object, _depth) {
            if (object instanceof $root.cilium.L7NetworkPolicyRule)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".cilium.L7NetworkPolicyRule: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.cilium.L7NetworkPolicyRule();
            if (object.rule) {
                if (!$util.isObject(object.rule))
                    throw $TypeError(".cilium.L7NetworkPolicyRule.rule: object expected");
                message.rule = {};
                for (let keys = $Object.keys(object.rule), i = 0; i < keys.length; ++i) {
                    if (keys[i] === "__proto__")
                        $util.makeProp(message.rule, keys[i]);
                    message.rule[keys[i]] = $String(object.rule[keys[i]]);
                }
            }
            if (object.name != null)
                if (typeof object.name !== "string" || object.name.length)
                    message.name = $String(object.name);
            return message;
        };

        L7NetworkPolicyRule.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.objects || options.defaults)
                object.rule = {};
            if (options.defaults)
                object.name = "";
            let keys2;
            if (message.rule && (keys2 = $Object.keys(message.rule)).length) {
                object.rule = {};
                for (let j = 0; j < keys2.length; ++j) {
                    if (keys2[j] === "__proto__")
                        $util.makeProp(object.rule, keys2[j]);
                    object.rule[keys2[j]] = message.rule[keys2[j]];
                }
            }
            if (message.name != null && $Object.hasOwnProperty.call(message, "name"))
                object.name = message.name;
            return object;
        };

        L7NetworkPolicyRule.prototype.toJSON = function() {
            return L7NetworkPolicyRule.toObject(this, $protobuf.util.toJSONOptions);
        };

        return L7NetworkPolicyRule;
    })();

    cilium.NetworkPolicyHosts = (function() {

        const NetworkPolicyHosts = function (properties) {
            this.hostAddresses = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        NetworkPolicyHosts.prototype.policy = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        NetworkPolicyHosts.prototype.hostAddresses = $util.emptyArray;

        NetworkPolicyHosts.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.policy != null && $Object.hasOwnProperty.call(message, "policy") && (typeof message.policy === "object" ? message.policy.low || message.policy.high : message.policy !== 0))
                writer.uint32(8).uint64(message.policy);
            if (message.hostAddresses != null && message.hostAddresses.length)
                for (let i = 0; i < message.hostAddresses.length; ++i)
                    writer.uint32(18).string(message.hostAddresses[i]);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        NetworkPolicyHosts.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.cilium.NetworkPolicyHosts();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.policy = value;
                        else
                            delete message.policy;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if (!(message.hostAddresses && message.hostAddresses.length))
                            message.hostAddresses = [];
                        message.hostAddresses.push(reader.stringVerify());
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        NetworkPolicyHosts.fromObject = function (object, _depth) {
            if (object instanceof $root.cilium.NetworkPolicyHosts)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".cilium.NetworkPolicyHosts: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.cilium.NetworkPolicyHosts();
            if (object.policy != null)
                if (typeof object.policy === "object" ? object.policy.low || object.policy.high : $Number(object.policy) !== 0)
                    if ($util.Long)
                        message.policy = $util.Long.fromValue(object.policy, true);
                    else if (typeof object.policy === "string")
                        message.policy = $parseInt(object.policy, 10);
                    else if (typeof object.policy === "number")
                        message.policy = object.policy;
                    else if (typeof object.policy === "object")
                        message.policy = new $util.LongBits(object.policy.low >>> 0, object.policy.high >>> 0).toNumber(true);
            if (object.hostAddresses) {
                if (!$Array.isArray(object.hostAddresses))
                    throw $TypeError(".cilium.NetworkPolicyHosts.hostAddresses: array expected");
                message.hostAddresses = $Array(object.hostAddresses.length);
                for (let i = 0; i < object.hostAddresses.length; ++i)
                    message.hostAddresses[i] = $String(object.hostAddresses[i]);
            }
            return message;
        };

        NetworkPolicyHosts.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.arrays || options.defaults)
                object.hostAddresses = [];
            if (options.defaults)
                if ($util.Long) {
                    let long = new $util.Long(0, 0, true);
                    object.policy = options.longs === $String ? long.toString() : options.longs === $Number ? long.toNumber() : typeof $BigInt !== "undefined" && options.longs === $BigInt ? long.toBigInt() : long;
                } else
                    object.policy = options.longs === $String ? "0" : typeof $BigInt !== "undefined" && options.longs === $BigInt ? $BigInt("0") : 0;
            if (message.policy != null && $Object.hasOwnProperty.call(message, "policy"))
                if (typeof $BigInt !== "undefined" && options.longs === $BigInt)
                    object.policy = typeof message.policy === "number" ? $BigInt(message.policy) : $util.Long.fromBits(message.policy.low >>> 0, message.policy.high >>> 0, true).toBigInt();
                else if (typeof message.policy === "number")
                    object.policy = options.longs === $String ? $String(message.policy) : message.policy;
                else
                    object.policy = options.longs === $String ? $util.Long.prototype.toString.call(message.policy) : options.longs === $Number ? new $util.LongBits(message.policy.low >>> 0, message.policy.high >>> 0).toNumber(true) : message.policy;
            if (message.hostAddresses && message.hostAddresses.length) {
                object.hostAddresses = $Array(message.hostAddresses.length);
                for (let j = 0; j < message.hostAddresses.length; ++j)
                    object.hostAddresses[j] = message.hostAddresses[j];
            }
            return object;
        };

        NetworkPolicyHosts.prototype.toJSON = function() {
            return NetworkPolicyHosts.toObject(this, $protobuf.util.toJSONOptions);
        };

        return NetworkPolicyHosts;
    })();

    return cilium;
})();

export const envoy = $root.envoy = (() => {

    const envoy = {};

    envoy.service = (function() {

        const service = {};

        service.discovery = (function() {

            const discovery = {};

            discovery.v3 = (function() {

                const v3 = {};

                v3.DiscoveryRequest = (function() {

                    const DiscoveryRequest = function (properties) {
                        this.resourceNames = [];
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    DiscoveryRequest.prototype.versionInfo = "";
                    DiscoveryRequest.prototype.node = null;
                    DiscoveryRequest.prototype.resourceNames = $util.emptyArray;
                    DiscoveryRequest.prototype.typeUrl = "";
                    DiscoveryRequest.prototype.responseNonce = "";
                    DiscoveryRequest.prototype.errorDetail = null;

                    DiscoveryRequest.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.versionInfo != null && $Object.hasOwnProperty.call(message, "versionInfo") && message.versionInfo !== "")
                            writer.uint32(10).string(message.versionInfo);
                        if (message.node != null && $Object.hasOwnProperty.call(message, "node"))
                            $root.envoy.config.core.v3.Node.encode(message.node, writer.uint32(18).fork(), _depth + 1).ldelim();
                        if (message.resourceNames != null && message.resourceNames.length)
                            for (let i = 0; i < message.resourceNames.length; ++i)
                                writer.uint32(26).string(message.resourceNames[i]);
                        if (message.typeUrl != null && $Object.hasOwnProperty.call(message, "typeUrl") && message.typeUrl !== "")
                            writer.uint32(34).string(message.typeUrl);
                        if (message.responseNonce != null && $Object.hasOwnProperty.call(message, "responseNonce") && message.responseNonce !== "")
                            writer.uint32(42).string(message.responseNonce);
                        if (message.errorDetail != null && $Object.hasOwnProperty.call(message, "errorDetail"))
                            $root.google.rpc.Status.encode(message.errorDetail, writer.uint32(50).fork(), _depth + 1).ldelim();
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    DiscoveryRequest.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.service.discovery.v3.DiscoveryRequest();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.versionInfo = value;
                                    else
                                        delete message.versionInfo;
                                    continue;
                                }
                            case 2: {
                                    if (wireType !== 2)
                                        break;
                                    message.node = $root.envoy.config.core.v3.Node.decode(reader, reader.size(), $undefined, _depth + 1, message.node);
                                    continue;
                                }
                            case 3: {
                                    if (wireType !== 2)
                                        break;
                                    if (!(message.resourceNames && message.resourceNames.length))
                                        message.resourceNames = [];
                                    message.resourceNames.push(reader.stringVerify());
                                    continue;
                                }
                            case 4: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.typeUrl = value;
                                    else
                                        delete message.typeUrl;
                                    continue;
                                }
                            case 5: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.responseNonce = value;
                                    else
                                        delete message.responseNonce;
                                    continue;
                                }
                            case 6: {
                                    if (wireType !== 2)
                                        break;
                                    message.errorDetail = $root.google.rpc.Status.decode(reader, reader.size(), $undefined, _depth + 1, message.errorDetail);
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    DiscoveryRequest.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.service.discovery.v3.DiscoveryRequest)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.service.discovery.v3.DiscoveryRequest: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.service.discovery.v3.DiscoveryRequest();
                        if (object.versionInfo != null)
                            if (typeof object.versionInfo !== "string" || object.versionInfo.length)
                                message.versionInfo = $String(object.versionInfo);
                        if (object.node != null) {
                            if (!$util.isObject(object.node))
                                throw $TypeError(".envoy.service.discovery.v3.DiscoveryRequest.node: object expected");
                            message.node = $root.envoy.config.core.v3.Node.fromObject(object.node, _depth + 1);
                        }
                        if (object.resourceNames) {
                            if (!$Array.isArray(object.resourceNames))
                                throw $TypeError(".envoy.service.discovery.v3.DiscoveryRequest.resourceNames: array expected");
                            message.resourceNames = $Array(object.resourceNames.length);
                            for (let i = 0; i < object.resourceNames.length; ++i)
                                message.resourceNames[i] = $String(object.resourceNames[i]);
                        }
                        if (object.typeUrl != null)
                            if (typeof object.typeUrl !== "string" || object.typeUrl.length)
                                message.typeUrl = $String(object.typeUrl);
                        if (object.responseNonce != null)
                            if (typeof object.responseNonce !== "string" || object.responseNonce.length)
                                message.responseNonce = $String(object.responseNonce);
                        if (object.errorDetail != null) {
                            if (!$util.isObject(object.errorDetail))
                                throw $TypeError(".envoy.service.discovery.v3.DiscoveryRequest.errorDetail: object expected");
                            message.errorDetail = $root.google.rpc.Status.fromObject(object.errorDetail, _depth + 1);
                        }
                        return message;
                    };

                    DiscoveryRequest.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.arrays || options.defaults)
                            object.resourceNames = [];
                        if (options.defaults) {
                            object.versionInfo = "";
                            object.node = null;
                            object.typeUrl = "";
                            object.responseNonce = "";
                            object.errorDetail = null;
                        }
                        if (message.versionInfo != null && $Object.hasOwnProperty.call(message, "versionInfo"))
                            object.versionInfo = message.versionInfo;
                        if (message.node != null && $Object.hasOwnProperty.call(message, "node"))
                            object.node = $root.envoy.config.core.v3.Node.toObject(message.node, options, _depth + 1);
                        if (message.resourceNames && message.resourceNames.length) {
                            object.resourceNames = $Array(message.resourceNames.length);
                            for (let j = 0; j < message.resourceNames.length; ++j)
                                object.resourceNames[j] = message.resourceNames[j];
                        }
                        if (message.typeUrl != null && $Object.hasOwnProperty.call(message, "typeUrl"))
                            object.typeUrl = message.typeUrl;
                        if (message.responseNonce != null && $Object.hasOwnProperty.call(message, "responseNonce"))
                            object.responseNonce = message.responseNonce;
                        if (message.errorDetail != null && $Object.hasOwnProperty.call(message, "errorDetail"))
                            object.errorDetail = $root.google.rpc.Status.toObject(message.errorDetail, options, _depth + 1);
                        return object;
                    };

                    DiscoveryRequest.prototype.toJSON = function() {
                        return DiscoveryRequest.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return DiscoveryRequest;
                })();

                v3.DiscoveryResponse = (function() {

                    const DiscoveryResponse = function (properties) {
                        this.resources = [];
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    DiscoveryResponse.prototype.versionInfo = "";
                    DiscoveryResponse.prototype.resources = $util.emptyArray;
                    DiscoveryResponse.prototype.canary = false;
                    DiscoveryResponse.prototype.typeUrl = "";
                    DiscoveryResponse.prototype.nonce = "";
                    DiscoveryResponse.prototype.controlPlane = null;

                    DiscoveryResponse.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.versionInfo != null && $Object.hasOwnProperty.call(message, "versionInfo") && message.versionInfo !== "")
                            writer.uint32(10).string(message.versionInfo);
                        if (message.resources != null && message.resources.length)
                            for (let i = 0; i < message.resources.length; ++i)
                                $root.google.protobuf.Any.encode(message.resources[i], writer.uint32(18).fork(), _depth + 1).ldelim();
                        if (message.canary != null && $Object.hasOwnProperty.call(message, "canary") && message.canary !== false)
                            writer.uint32(24).bool(message.canary);
                        if (message.typeUrl != null && $Object.hasOwnProperty.call(message, "typeUrl") && message.typeUrl !== "")
                            writer.uint32(34).string(message.typeUrl);
                        if (message.nonce != null && $Object.hasOwnProperty.call(message, "nonce") && message.nonce !== "")
                            writer.uint32(42).string(message.nonce);
                        if (message.controlPlane != null && $Object.hasOwnProperty.call(message, "controlPlane"))
                            $root.envoy.config.core.v3.ControlPlane.encode(message.controlPlane, writer.uint32(50).fork(), _depth + 1).ldelim();
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    DiscoveryResponse.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.service.discovery.v3.DiscoveryResponse();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.versionInfo = value;
                                    else
                                        delete message.versionInfo;
                                    continue;
                                }
                            case 2: {
                                    if (wireType !== 2)
                                        break;
                                    if (!(message.resources && message.resources.length))
                                        message.resources = [];
                                    message.resources.push($root.google.protobuf.Any.decode(reader, reader.size(), $undefined, _depth + 1));
                                    continue;
                                }
                            case 3: {
                                    if (wireType !== 0)
                                        break;
                                    if (value = reader.bool())
                                        message.canary = value;
                                    else
                                        delete message.canary;
                                    continue;
                                }
                            case 4: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.typeUrl = value;
                                    else
                                        delete message.typeUrl;
                                    continue;
                                }
                            case 5: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.nonce = value;
                                    else
                                        delete message.nonce;
                                    continue;
                                }
                            case 6: {
                                    if (wireType !== 2)
                                        break;
                                    message.controlPlane = $root.envoy.config.core.v3.ControlPlane.decode(reader, reader.size(), $undefined, _depth + 1, message.controlPlane);
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    DiscoveryResponse.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.service.discovery.v3.DiscoveryResponse)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.service.discovery.v3.DiscoveryResponse: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.service.discovery.v3.DiscoveryResponse();
                        if (object.versionInfo != null)
                            if (typeof object.versionInfo !== "string" || object.versionInfo.length)
                                message.versionInfo = $String(object.versionInfo);
                        if (object.resources) {
                            if (!$Array.isArray(object.resources))
                                throw $TypeError(".envoy.service.discovery.v3.DiscoveryResponse.resources: array expected");
                            message.resources = $Array(object.resources.length);
                            for (let i = 0; i < object.resources.length; ++i) {
                                if (!$util.isObject(object.resources[i]))
                                    throw $TypeError(".envoy.service.discovery.v3.DiscoveryResponse.resources: object expected");
                                message.resources[i] = $root.google.protobuf.Any.fromObject(object.resources[i], _depth + 1);
                            }
                        }
                        if (object.canary != null)
                            if (object.canary)
                                message.canary = $Boolean(object.canary);
                        if (object.typeUrl != null)
                            if (typeof object.typeUrl !== "string" || object.typeUrl.length)
                                message.typeUrl = $String(object.typeUrl);
                        if (object.nonce != null)
                            if (typeof object.nonce !== "string" || object.nonce.length)
                                message.nonce = $String(object.nonce);
                        if (object.controlPlane != null) {
                            if (!$util.isObject(object.controlPlane))
                                throw $TypeError(".envoy.service.discovery.v3.DiscoveryResponse.controlPlane: object expected");
                            message.controlPlane = $root.envoy.config.core.v3.ControlPlane.fromObject(object.controlPlane, _depth + 1);
                        }
                        return message;
                    };

                    DiscoveryResponse.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.arrays || options.defaults)
                            object.resources = [];
                        if (options.defaults) {
                            object.versionInfo = "";
                            object.canary = false;
                            object.typeUrl = "";
                            object.nonce = "";
                            object.controlPlane = null;
                        }
                        if (message.versionInfo != null && $Object.hasOwnProperty.call(message, "versionInfo"))
                            object.versionInfo = message.versionInfo;
                        if (message.resources && message.resources.length) {
                            object.resources = $Array(message.resources.length);
                            for (let j = 0; j < message.resources.length; ++j)
                                object.resources[j] = $root.google.protobuf.Any.toObject(message.resources[j], options, _depth + 1);
                        }
                        if (message.canary != null && $Object.hasOwnProperty.call(message, "canary"))
                            object.canary = message.canary;
                        if (message.typeUrl != null && $Object.hasOwnProperty.call(message, "typeUrl"))
                            object.typeUrl = message.typeUrl;
                        if (message.nonce != null && $Object.hasOwnProperty.call(message, "nonce"))
                            object.nonce = message.nonce;
                        if (message.controlPlane != null && $Object.hasOwnProperty.call(message, "controlPlane"))
                            object.controlPlane = $root.envoy.config.core.v3.ControlPlane.toObject(message.controlPlane, options, _depth + 1);
                        return object;
                    };

                    DiscoveryResponse.prototype.toJSON = function() {
                        return DiscoveryResponse.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return DiscoveryResponse;
                })();

                v3.DeltaDiscoveryRequest = (function() {

                    const DeltaDiscoveryRequest = function (properties) {
                        this.resourceNamesSubscribe = [];
                        this.resourceNamesUnsubscribe = [];
                        this.initialResourceVersions = {};
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    DeltaDiscoveryRequest.prototype.node = null;
                    DeltaDiscoveryRequest.prototype.typeUrl = "";
                    DeltaDiscoveryRequest.prototype.resourceNamesSubscribe = $util.emptyArray;
                    DeltaDiscoveryRequest.prototype.resourceNamesUnsubscribe = $util.emptyArray;
                    DeltaDiscoveryRequest.prototype.initialResourceVersions = $util.emptyObject;
                    DeltaDiscoveryRequest.prototype.responseNonce = "";
                    DeltaDiscoveryRequest.prototype.errorDetail = null;

                    DeltaDiscoveryRequest.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.node != null && $Object.hasOwnProperty.call(message, "node"))
                            $root.envoy.config.core.v3.Node.encode(message.node, writer.uint32(10).fork(), _depth + 1).ldelim();
                        if (message.typeUrl != null && $Object.hasOwnProperty.call(message, "typeUrl") && message.typeUrl !== "")
                            writer.uint32(18).string(message.typeUrl);
                        if (message.resourceNamesSubscribe != null && message.resourceNamesSubscribe.length)
                            for (let i = 0; i < message.resourceNamesSubscribe.length; ++i)
                                writer.uint32(26).string(message.resourceNamesSubscribe[i]);
                        if (message.resourceNamesUnsubscribe != null && message.resourceNamesUnsubscribe.length)
                            for (let i = 0; i < message.resourceNamesUnsubscribe.length; ++i)
                                writer.uint32(34).string(message.resourceNamesUnsubscribe[i]);
                        if (message.initialResourceVersions != null && $Object.hasOwnProperty.call(message, "initialResourceVersions"))
                            for (let keys = $Object.keys(message.initialResourceVersions), i = 0; i < keys.length; ++i)
                                writer.uint32(42).fork().uint32(10).string(keys[i]).uint32(18).string(message.initialResourceVersions[keys[i]]).ldelim();
                        if (message.responseNonce != null && $Object.hasOwnProperty.call(message, "responseNonce") && message.responseNonce !== "")
                            writer.uint32(50).string(message.responseNonce);
                        if (message.errorDetail != null && $Object.hasOwnProperty.call(message, "errorDetail"))
                            $root.google.rpc.Status.encode(message.errorDetail, writer.uint32(58).fork(), _depth + 1).ldelim();
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    DeltaDiscoveryRequest.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, key, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.service.discovery.v3.DeltaDiscoveryRequest();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    message.node = $root.envoy.config.core.v3.Node.decode(reader, reader.size(), $undefined, _depth + 1, message.node);
                                    continue;
                                }
                            case 2: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.typeUrl = value;
                                    else
                                        delete message.typeUrl;
                                    continue;
                                }
                            case 3: {
                                    if (wireType !== 2)
                                        break;
                                    if (!(message.resourceNamesSubscribe && message.resourceNamesSubscribe.length))
                                        message.resourceNamesSubscribe = [];
                                    message.resourceNamesSubscribe.push(reader.stringVerify());
                                    continue;
                                }
                            case 4: {
                                    if (wireType !== 2)
                                        break;
                                    if (!(message.resourceNamesUnsubscribe && message.resourceNamesUnsubscribe.length))
                                        message.resourceNamesUnsubscribe = [];
                                    message.resourceNamesUnsubscribe.push(reader.stringVerify());
                                    continue;
                                }
                            case 5: {
                                    if (wireType !== 2)
                                        break;
                                    if (message.initialResourceVersions === $util.emptyObject)
                                        message.initialResourceVersions = {};
                                    let end2 = reader.size() + reader.pos;
                                    if (end2 > reader.len)
                                        throw $RangeError("index out of range");
                                    reader.len = end2;
                                    key = "";
                                    value = "";
                                    while (reader.pos < end2) {
                                        let tag2 = reader.tag();
                                        wireType = tag2 & 7;
                                        switch (tag2 >>>= 3) {
                                        case 1:
                                            if (wireType !== 2)
                                                break;
                                            key = reader.stringVerify();
                                            continue;
                                        case 2:
                                            if (wireType !== 2)
                                                break;
                                            value = reader.stringVerify();
                                            continue;
                                        }
                                        reader.skipType(wireType, _depth, tag2);
                                    }
                                    if (reader.pos !== end2)
                                        throw $RangeError("index out of range");
                                    reader.len = end;
                                    if (key === "__proto__")
                                        $util.makeProp(message.initialResourceVersions, key);
                                    message.initialResourceVersions[key] = value;
                                    continue;
                                }
                            case 6: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.responseNonce = value;
                                    else
                                        delete message.responseNonce;
                                    continue;
                                }
                            case 7: {
                                    if (wireType !== 2)
                                        break;
                                    message.errorDetail = $root.google.rpc.Status.decode(reader, reader.size(), $undefined, _depth + 1, message.errorDetail);
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    DeltaDiscoveryRequest.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.service.discovery.v3.DeltaDiscoveryRequest)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.service.discovery.v3.DeltaDiscoveryRequest: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.service.discovery.v3.DeltaDiscoveryRequest();
                        if (object.node != null) {
                            if (!$util.isObject(object.node))
                                throw $TypeError(".envoy.service.discovery.v3.DeltaDiscoveryRequest.node: object expected");
                            message.node = $root.envoy.config.core.v3.Node.fromObject(object.node, _depth + 1);
                        }
                        if (object.typeUrl != null)
                            if (typeof object.typeUrl !== "string" || object.typeUrl.length)
                                message.typeUrl = $String(object.typeUrl);
                        if (object.resourceNamesSubscribe) {
                            if (!$Array.isArray(object.resourceNamesSubscribe))
                                throw $TypeError(".envoy.service.discovery.v3.DeltaDiscoveryRequest.resourceNamesSubscribe: array expected");
                            message.resourceNamesSubscribe = $Array(object.resourceNamesSubscribe.length);
                            for (let i = 0; i < object.resourceNamesSubscribe.length; ++i)
                                message.resourceNamesSubscribe[i] = $String(object.resourceNamesSubscribe[i]);
                        }
                        if (object.resourceNamesUnsubscribe) {
                            if (!$Array.isArray(object.resourceNamesUnsubscribe))
                                throw $TypeError(".envoy.service.discovery.v3.DeltaDiscoveryRequest.resourceNamesUnsubscribe: array expected");
                            message.resourceNamesUnsubscribe = $Array(object.resourceNamesUnsubscribe.length);
                            for (let i = 0; i < object.resourceNamesUnsubscribe.length; ++i)
                                message.resourceNamesUnsubscribe[i] = $String(object.resourceNamesUnsubscribe[i]);
                        }
                        if (object.initialResourceVersions) {
                            if (!$util.isObject(object.initialResourceVersions))
                                throw $TypeError(".envoy.service.discovery.v3.DeltaDiscoveryRequest.initialResourceVersions: object expected");
                            message.initialResourceVersions = {};
                            for (let keys = $Object.keys(object.initialResourceVersions), i = 0; i < keys.length; ++i) {
                                if (keys[i] === "__proto__")
                                    $util.makeProp(message.initialResourceVersions, keys[i]);
                                message.initialResourceVersions[keys[i]] = $String(object.initialResourceVersions[keys[i]]);
                            }
                        }
                        if (object.responseNonce != null)
                            if (typeof object.responseNonce !== "string" || object.responseNonce.length)
                                message.responseNonce = $String(object.responseNonce);
                        if (object.errorDetail != null) {
                            if (!$util.isObject(object.errorDetail))
                                throw $TypeError(".envoy.service.discovery.v3.DeltaDiscoveryRequest.errorDetail: object expected");
                            message.errorDetail = $root.google.rpc.Status.fromObject(object.errorDetail, _depth + 1);
                        }
                        return message;
                    };

                    DeltaDiscoveryRequest.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.arrays || options.defaults) {
                            object.resourceNamesSubscribe = [];
                            object.resourceNamesUnsubscribe = [];
                        }
                        if (options.objects || options.defaults)
                            object.initialResourceVersions = {};
                        if (options.defaults) {
                            object.node = null;
                            object.typeUrl = "";
                            object.responseNonce = "";
                            object.errorDetail = null;
                        }
                        if (message.node != null && $Object.hasOwnProperty.call(message, "node"))
                            object.node = $root.envoy.config.core.v3.Node.toObject(message.node, options, _depth + 1);
                        if (message.typeUrl != null && $Object.hasOwnProperty.call(message, "typeUrl"))
                            object.typeUrl = message.typeUrl;
                        if (message.resourceNamesSubscribe && message.resourceNamesSubscribe.length) {
                            object.resourceNamesSubscribe = $Array(message.resourceNamesSubscribe.length);
                            for (let j = 0; j < message.resourceNamesSubscribe.length; ++j)
                                object.resourceNamesSubscribe[j] = message.resourceNamesSubscribe[j];
                        }
                        if (message.resourceNamesUnsubscribe && message.resourceNamesUnsubscribe.length) {
                            object.resourceNamesUnsubscribe = $Array(message.resourceNamesUnsubscribe.length);
                            for (let j = 0; j < message.resourceNamesUnsubscribe.length; ++j)
                                object.resourceNamesUnsubscribe[j] = message.resourceNamesUnsubscribe[j];
                        }
                        let keys2;
                        if (message.initialResourceVersions && (keys2 = $Object.keys(message.initialResourceVersions)).length) {
                            object.initialResourceVersions = {};
                            for (let j = 0; j < keys2.length; ++j) {
                                if (keys2[j] === "__proto__")
                                    $util.makeProp(object.initialResourceVersions, keys2[j]);
                                object.initialResourceVersions[keys2[j]] = message.initialResourceVersions[keys2[j]];
                            }
                        }
                        if (message.responseNonce != null && $Object.hasOwnProperty.call(message, "responseNonce"))
                            object.responseNonce = message.responseNonce;
                        if (message.errorDetail != null && $Object.hasOwnProperty.call(message, "errorDetail"))
                            object.errorDetail = $root.google.rpc.Status.toObject(message.errorDetail, options, _depth + 1);
                        return object;
                    };

                    DeltaDiscoveryRequest.prototype.toJSON = function() {
                        return DeltaDiscoveryRequest.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return DeltaDiscoveryRequest;
                })();

                v3.DeltaDiscoveryResponse = (function() {

                    const DeltaDiscoveryResponse = function (properties) {
                        this.resources = [];
                        this.removedResources = [];
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    DeltaDiscoveryResponse.prototype.systemVersionInfo = "";
                    DeltaDiscoveryResponse.prototype.resources = $util.emptyArray;
                    DeltaDiscoveryResponse.prototype.typeUrl = "";
                    DeltaDiscoveryResponse.prototype.nonce = "";
                    DeltaDiscoveryResponse.prototype.removedResources = $util.emptyArray;
                    DeltaDiscoveryResponse.prototype.controlPlane = null;

                    DeltaDiscoveryResponse.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.systemVersionInfo != null && $Object.hasOwnProperty.call(message, "systemVersionInfo") && message.systemVersionInfo !== "")
                            writer.uint32(10).string(message.systemVersionInfo);
                        if (message.resources != null && message.resources.length)
                            for (let i = 0; i < message.resources.length; ++i)
                                $root.envoy.service.discovery.v3.Resource.encode(message.resources[i], writer.uint32(18).fork(), _depth + 1).ldelim();
                        if (message.typeUrl != null && $Object.hasOwnProperty.call(message, "typeUrl") && message.typeUrl !== "")
                            writer.uint32(34).string(message.typeUrl);
                        if (message.nonce != null && $Object.hasOwnProperty.call(message, "nonce") && message.nonce !== "")
                            writer.uint32(42).string(message.nonce);
                        if (message.removedResources != null && message.removedResources.length)
                            for (let i = 0; i < message.removedResources.length; ++i)
                                writer.uint32(50).string(message.removedResources[i]);
                        if (message.controlPlane != null && $Object.hasOwnProperty.call(message, "controlPlane"))
                            $root.envoy.config.core.v3.ControlPlane.encode(message.controlPlane, writer.uint32(58).fork(), _depth + 1).ldelim();
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    DeltaDiscoveryResponse.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.service.discovery.v3.DeltaDiscoveryResponse();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.systemVersionInfo = value;
                                    else
                                        delete message.systemVersionInfo;
                                    continue;
                                }
                            case 2: {
                                    if (wireType !== 2)
                                        break;
                                    if (!(message.resources && message.resources.length))
                                        message.resources = [];
                                    message.resources.push($root.envoy.service.discovery.v3.Resource.decode(reader, reader.size(), $undefined, _depth + 1));
                                    continue;
                                }
                            case 4: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.typeUrl = value;
                                    else
                                        delete message.typeUrl;
                                    continue;
                                }
                            case 5: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.nonce = value;
                                    else
                                        delete message.nonce;
                                    continue;
                                }
                            case 6: {
                                    if (wireType !== 2)
                                        break;
                                    if (!(message.removedResources && message.removedResources.length))
                                        message.removedResources = [];
                                    message.removedResources.push(reader.stringVerify());
                                    continue;
                                }
                            case 7: {
                                    if (wireType !== 2)
                                        break;
                                    message.controlPlane = $root.envoy.config.core.v3.ControlPlane.decode(reader, reader.size(), $undefined, _depth + 1, message.controlPlane);
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    DeltaDiscoveryResponse.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.service.discovery.v3.DeltaDiscoveryResponse)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.service.discovery.v3.DeltaDiscoveryResponse: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.service.discovery.v3.DeltaDiscoveryResponse();
                        if (object.systemVersionInfo != null)
                            if (typeof object.systemVersionInfo !== "string" || object.systemVersionInfo.length)
                                message.systemVersionInfo = $String(object.systemVersionInfo);
                        if (object.resources) {
                            if (!$Array.isArray(object.resources))
                                throw $TypeError(".envoy.service.discovery.v3.DeltaDiscoveryResponse.resources: array expected");
                            message.resources = $Array(object.resources.length);
                            for (let i = 0; i < object.resources.length; ++i) {
                                if (!$util.isObject(object.resources[i]))
                                    throw $TypeError(".envoy.service.discovery.v3.DeltaDiscoveryResponse.resources: object expected");
                                message.resources[i] = $root.envoy.service.discovery.v3.Resource.fromObject(object.resources[i], _depth + 1);
                            }
                        }
                        if (object.typeUrl != null)
                            if (typeof object.typeUrl !== "string" || object.typeUrl.length)
                                message.typeUrl = $String(object.typeUrl);
                        if (object.nonce != null)
                            if (typeof object.nonce !== "string" || object.nonce.length)
                                message.nonce = $String(object.nonce);
                        if (object.removedResources) {
                            if (!$Array.isArray(object.removedResources))
                                throw $TypeError(".envoy.service.discovery.v3.DeltaDiscoveryResponse.removedResources: array expected");
                            message.removedResources = $Array(object.removedResources.length);
                            for (let i = 0; i < object.removedResources.length; ++i)
                                message.removedResources[i] = $String(object.removedResources[i]);
                        }
                        if (object.controlPlane != null) {
                            if (!$util.isObject(object.controlPlane))
                                throw $TypeError(".envoy.service.discovery.v3.DeltaDiscoveryResponse.controlPlane: object expected");
                            message.controlPlane = $root.envoy.config.core.v3.ControlPlane.fromObject(object.controlPlane, _depth + 1);
                        }
                        return message;
                    };

                    DeltaDiscoveryResponse.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.arrays || options.defaults) {
                            object.resources = [];
                            object.removedResources = [];
                        }
                        if (options.defaults) {
                            object.systemVersionInfo = "";
                            object.typeUrl = "";
                            object.nonce = "";
                            object.controlPlane = null;
                        }
                        if (message.systemVersionInfo != null && $Object.hasOwnProperty.call(message, "systemVersionInfo"))
                            object.systemVersionInfo = message.systemVersionInfo;
                        if (message.resources && message.resources.length) {
                            object.resources = $Array(message.resources.length);
                            for (let j = 0; j < message.resources.length; ++j)
                                object.resources[j] = $root.envoy.service.discovery.v3.Resource.toObject(message.resources[j], options, _depth + 1);
                        }
                        if (message.typeUrl != null && $Object.hasOwnProperty.call(message, "typeUrl"))
                            object.typeUrl = message.typeUrl;
                        if (message.nonce != null && $Object.hasOwnProperty.call(message, "nonce"))
                            object.nonce = message.nonce;
                        if (message.removedResources && message.removedResources.length) {
                            object.removedResources = $Array(message.removedResources.length);
                            for (let j = 0; j < message.removedResources.length; ++j)
                                object.removedResources[j] = message.removedResources[j];
                        }
                        if (message.controlPlane != null && $Object.hasOwnProperty.call(message, "controlPlane"))
                            object.controlPlane = $root.envoy.config.core.v3.ControlPlane.toObject(message.controlPlane, options, _depth + 1);
                        return object;
                    };

                    DeltaDiscoveryResponse.prototype.toJSON = function() {
                        return DeltaDiscoveryResponse.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return DeltaDiscoveryResponse;
                })();

                v3.Resource = (function() {

                    const Resource = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    Resource.prototype.version = "";
                    Resource.prototype.resource = null;
                    Resource.prototype.name = "";

                    Resource.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== "")
                            writer.uint32(10).string(message.version);
                        if (message.resource != null && $Object.hasOwnProperty.call(message, "resource"))
                            $root.google.protobuf.Any.encode(message.resource, writer.uint32(18).fork(), _depth + 1).ldelim();
                        if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                            writer.uint32(26).string(message.name);
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    Resource.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.service.discovery.v3.Resource();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.version = value;
                                    else
                                        delete message.version;
                                    continue;
                                }
                            case 2: {
                                    if (wireType !== 2)
                                        break;
                                    message.resource = $root.google.protobuf.Any.decode(reader, reader.size(), $undefined, _depth + 1, message.resource);
                                    continue;
                                }
                            case 3: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.name = value;
                                    else
                                        delete message.name;
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    Resource.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.service.discovery.v3.Resource)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.service.discovery.v3.Resource: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.service.discovery.v3.Resource();
                        if (object.version != null)
                            if (typeof object.version !== "string" || object.version.length)
                                message.version = $String(object.version);
                        if (object.resource != null) {
                            if (!$util.isObject(object.resource))
                                throw $TypeError(".envoy.service.discovery.v3.Resource.resource: object expected");
                            message.resource = $root.google.protobuf.Any.fromObject(object.resource, _depth + 1);
                        }
                        if (object.name != null)
                            if (typeof object.name !== "string" || object.name.length)
                                message.name = $String(object.name);
                        return message;
                    };

                    Resource.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.defaults) {
                            object.version = "";
                            object.resource = null;
                            object.name = "";
                        }
                        if (message.version != null && $Object.hasOwnProperty.call(message, "version"))
                            object.version = message.version;
                        if (message.resource != null && $Object.hasOwnProperty.call(message, "resource"))
                            object.resource = $root.google.protobuf.Any.toObject(message.resource, options, _depth + 1);
                        if (message.name != null && $Object.hasOwnProperty.call(message, "name"))
                            object.name = message.name;
                        return object;
                    };

                    Resource.prototype.toJSON = function() {
                        return Resource.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return Resource;
                })();

                return v3;
            })();

            return discovery;
        })();

        service.listener = (function() {

            const listener = {};

            listener.v3 = (function() {

                const v3 = {};

                return v3;
            })();

            return listener;
        })();

        return service;
    })();

    envoy.config = (function() {

        const config = {};

        config.core = (function() {

            const core = {};

            core.v3 = (function() {

                const v3 = {};

                v3.Node = (function() {

                    const Node = function (properties) {
                        this.clientFeatures = [];
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    Node.prototype.id = "";
                    Node.prototype.cluster = "";
                    Node.prototype.userAgentName = "";
                    Node.prototype.userAgentVersion = "";
                    Node.prototype.clientFeatures = $util.emptyArray;

                    Node.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== "")
                            writer.uint32(10).string(message.id);
                        if (message.cluster != null && $Object.hasOwnProperty.call(message, "cluster") && message.cluster !== "")
                            writer.uint32(18).string(message.cluster);
                        if (message.userAgentName != null && $Object.hasOwnProperty.call(message, "userAgentName") && message.userAgentName !== "")
                            writer.uint32(50).string(message.userAgentName);
                        if (message.userAgentVersion != null && $Object.hasOwnProperty.call(message, "userAgentVersion") && message.userAgentVersion !== "")
                            writer.uint32(58).string(message.userAgentVersion);
                        if (message.clientFeatures != null && message.clientFeatures.length)
                            for (let i = 0; i < message.clientFeatures.length; ++i)
                                writer.uint32(82).string(message.clientFeatures[i]);
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    Node.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.config.core.v3.Node();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.id = value;
                                    else
                                        delete message.id;
                                    continue;
                                }
                            case 2: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.cluster = value;
                                    else
                                        delete message.cluster;
                                    continue;
                                }
                            case 6: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.userAgentName = value;
                                    else
                                        delete message.userAgentName;
                                    continue;
                                }
                            case 7: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.userAgentVersion = value;
                                    else
                                        delete message.userAgentVersion;
                                    continue;
                                }
                            case 10: {
                                    if (wireType !== 2)
                                        break;
                                    if (!(message.clientFeatures && message.clientFeatures.length))
                                        message.clientFeatures = [];
                                    message.clientFeatures.push(reader.stringVerify());
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    Node.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.config.core.v3.Node)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.config.core.v3.Node: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.config.core.v3.Node();
                        if (object.id != null)
                            if (typeof object.id !== "string" || object.id.length)
                                message.id = $String(object.id);
                        if (object.cluster != null)
                            if (typeof object.cluster !== "string" || object.cluster.length)
                                message.cluster = $String(object.cluster);
                        if (object.userAgentName != null)
                            if (typeof object.userAgentName !== "string" || object.userAgentName.length)
                                message.userAgentName = $String(object.userAgentName);
                        if (object.userAgentVersion != null)
                            if (typeof object.userAgentVersion !== "string" || object.userAgentVersion.length)
                                message.userAgentVersion = $String(object.userAgentVersion);
                        if (object.clientFeatures) {
                            if (!$Array.isArray(object.clientFeatures))
                                throw $TypeError(".envoy.config.core.v3.Node.clientFeatures: array expected");
                            message.clientFeatures = $Array(object.clientFeatures.length);
                            for (let i = 0; i < object.clientFeatures.length; ++i)
                                message.clientFeatures[i] = $String(object.clientFeatures[i]);
                        }
                        return message;
                    };

                    Node.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.arrays || options.defaults)
                            object.clientFeatures = [];
                        if (options.defaults) {
                            object.id = "";
                            object.cluster = "";
                            object.userAgentName = "";
                            object.userAgentVersion = "";
                        }
                        if (message.id != null && $Object.hasOwnProperty.call(message, "id"))
                            object.id = message.id;
                        if (message.cluster != null && $Object.hasOwnProperty.call(message, "cluster"))
                            object.cluster = message.cluster;
                        if (message.userAgentName != null && $Object.hasOwnProperty.call(message, "userAgentName"))
                            object.userAgentName = message.userAgentName;
                        if (message.userAgentVersion != null && $Object.hasOwnProperty.call(message, "userAgentVersion"))
                            object.userAgentVersion = message.userAgentVersion;
                        if (message.clientFeatures && message.clientFeatures.length) {
                            object.clientFeatures = $Array(message.clientFeatures.length);
                            for (let j = 0; j < message.clientFeatures.length; ++j)
                                object.clientFeatures[j] = message.clientFeatures[j];
                        }
                        return object;
                    };

                    Node.prototype.toJSON = function() {
                        return Node.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return Node;
                })();

                v3.ControlPlane = (function() {

                    const ControlPlane = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    ControlPlane.prototype.identifier = "";

                    ControlPlane.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.identifier != null && $Object.hasOwnProperty.call(message, "identifier") && message.identifier !== "")
                            writer.uint32(10).string(message.identifier);
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    ControlPlane.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.config.core.v3.ControlPlane();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.identifier = value;
                                    else
                                        delete message.identifier;
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    ControlPlane.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.config.core.v3.ControlPlane)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.config.core.v3.ControlPlane: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.config.core.v3.ControlPlane();
                        if (object.identifier != null)
                            if (typeof object.identifier !== "string" || object.identifier.length)
                                message.identifier = $String(object.identifier);
                        return message;
                    };

                    ControlPlane.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.defaults)
                            object.identifier = "";
                        if (message.identifier != null && $Object.hasOwnProperty.call(message, "identifier"))
                            object.identifier = message.identifier;
                        return object;
                    };

                    ControlPlane.prototype.toJSON = function() {
                        return ControlPlane.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return ControlPlane;
                })();

                v3.SocketAddress = (function() {

                    const SocketAddress = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    SocketAddress.prototype.protocol = 0;
                    SocketAddress.prototype.address = "";
                    SocketAddress.prototype.portValue = null;
                    SocketAddress.prototype.ipv4Compat = false;

                    let $oneOfFields;

                    $Object.defineProperty(SocketAddress.prototype, "portSpecifier", {
                        get: $util.oneOfGetter($oneOfFields = ["portValue"]),
                        set: $util.oneOfSetter($oneOfFields)
                    });

                    SocketAddress.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.protocol != null && $Object.hasOwnProperty.call(message, "protocol") && message.protocol !== 0)
                            writer.uint32(8).int32(message.protocol);
                        if (message.address != null && $Object.hasOwnProperty.call(message, "address") && message.address !== "")
                            writer.uint32(18).string(message.address);
                        if (message.portValue != null && $Object.hasOwnProperty.call(message, "portValue"))
                            writer.uint32(24).uint32(message.portValue);
                        if (message.ipv4Compat != null && $Object.hasOwnProperty.call(message, "ipv4Compat") && message.ipv4Compat !== false)
                            writer.uint32(48).bool(message.ipv4Compat);
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    SocketAddress.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.config.core.v3.SocketAddress();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 0)
                                        break;
                                    if (value = reader.int32())
                                        message.protocol = value;
                                    else
                                        delete message.protocol;
                                    continue;
                                }
                            case 2: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.address = value;
                                    else
                                        delete message.address;
                                    continue;
                                }
                            case 3: {
                                    if (wireType !== 0)
                                        break;
                                    message.portValue = reader.uint32();
                                    message.portSpecifier = "portValue";
                                    continue;
                                }
                            case 6: {
                                    if (wireType !== 0)
                                        break;
                                    if (value = reader.bool())
                                        message.ipv4Compat = value;
                                    else
                                        delete message.ipv4Compat;
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    SocketAddress.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.config.core.v3.SocketAddress)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.config.core.v3.SocketAddress: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.config.core.v3.SocketAddress();
                        if (object.protocol !== 0 && (typeof object.protocol !== "string" || $root.envoy.config.core.v3.SocketAddress.Protocol[object.protocol] !== 0))
                            switch (object.protocol) {
                            case "TCP":
                            case 0:
                                message.protocol = 0;
                                break;
                            case "UDP":
                            case 1:
                                message.protocol = 1;
                                break;
                            default:
                                if (typeof object.protocol === "number" && (object.protocol | 0) === object.protocol)
                                    message.protocol = object.protocol;
                            }
                        if (object.address != null)
                            if (typeof object.address !== "string" || object.address.length)
                                message.address = $String(object.address);
                        if (object.portValue != null)
                            message.portValue = object.portValue >>> 0;
                        if (object.ipv4Compat != null)
                            if (object.ipv4Compat)
                                message.ipv4Compat = $Boolean(object.ipv4Compat);
                        return message;
                    };

                    SocketAddress.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.defaults) {
                            object.protocol = options.enums === $String ? "TCP" : 0;
                            object.address = "";
                            object.ipv4Compat = false;
                        }
                        if (message.protocol != null && $Object.hasOwnProperty.call(message, "protocol"))
                            object.protocol = options.enums === $String ? $root.envoy.config.core.v3.SocketAddress.Protocol[message.protocol] === $undefined ? message.protocol : $root.envoy.config.core.v3.SocketAddress.Protocol[message.protocol] : message.protocol;
                        if (message.address != null && $Object.hasOwnProperty.call(message, "address"))
                            object.address = message.address;
                        if (message.portValue != null && $Object.hasOwnProperty.call(message, "portValue")) {
                            object.portValue = message.portValue;
                            if (options.oneofs)
                                object.portSpecifier = "portValue";
                        }
                        if (message.ipv4Compat != null && $Object.hasOwnProperty.call(message, "ipv4Compat"))
                            object.ipv4Compat = message.ipv4Compat;
                        return object;
                    };

                    SocketAddress.prototype.toJSON = function() {
                        return SocketAddress.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    SocketAddress.Protocol = (function() {
                        const valuesById = $Object.create(null), values = $Object.create(valuesById);
                        values[valuesById[0] = "TCP"] = 0;
                        values[valuesById[1] = "UDP"] = 1;
                        return values;
                    })();

                    return SocketAddress;
                })();

                v3.Address = (function() {

                    const Address = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    Address.prototype.socketAddress = null;

                    let $oneOfFields;

                    $Object.defineProperty(Address.prototype, "address", {
                        get: $util.oneOfGetter($oneOfFields = ["socketAddress"]),
                        set: $util.oneOfSetter($oneOfFields)
                    });

                    Address.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.socketAddress != null && $Object.hasOwnProperty.call(message, "socketAddress"))
                            $root.envoy.config.core.v3.SocketAddress.encode(message.socketAddress, writer.uint32(10).fork(), _depth + 1).ldelim();
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    Address.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.config.core.v3.Address();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    message.socketAddress = $root.envoy.config.core.v3.SocketAddress.decode(reader, reader.size(), $undefined, _depth + 1, message.socketAddress);
                                    message.address = "socketAddress";
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    Address.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.config.core.v3.Address)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.config.core.v3.Address: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.config.core.v3.Address();
                        if (object.socketAddress != null) {
                            if (!$util.isObject(object.socketAddress))
                                throw $TypeError(".envoy.config.core.v3.Address.socketAddress: object expected");
                            message.socketAddress = $root.envoy.config.core.v3.SocketAddress.fromObject(object.socketAddress, _depth + 1);
                        }
                        return message;
                    };

                    Address.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (message.socketAddress != null && $Object.hasOwnProperty.call(message, "socketAddress")) {
                            object.socketAddress = $root.envoy.config.core.v3.SocketAddress.toObject(message.socketAddress, options, _depth + 1);
                            if (options.oneofs)
                                object.address = "socketAddress";
                        }
                        return object;
                    };

                    Address.prototype.toJSON = function() {
                        return Address.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return Address;
                })();

                v3.SocketOption = (function() {

                    const SocketOption = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    SocketOption.prototype.description = "";
                    SocketOption.prototype.level = $util.Long ? $util.Long.fromBits(0,0,false) : 0;
                    SocketOption.prototype.name = $util.Long ? $util.Long.fromBits(0,0,false) : 0;
                    SocketOption.prototype.intValue = null;
                    SocketOption.prototype.state = 0;

                    let $oneOfFields;

                    $Object.defineProperty(SocketOption.prototype, "value", {
                        get: $util.oneOfGetter($oneOfFields = ["intValue"]),
                        set: $util.oneOfSetter($oneOfFields)
                    });

                    SocketOption.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.description != null && $Object.hasOwnProperty.call(message, "description") && message.description !== "")
                            writer.uint32(10).string(message.description);
                        if (message.level != null && $Object.hasOwnProperty.call(message, "level") && (typeof message.level === "object" ? message.level.low || message.level.high : message.level !== 0))
                            writer.uint32(16).int64(message.level);
                        if (message.name != null && $Object.hasOwnProperty.call(message, "name") && (typeof message.name === "object" ? message.name.low || message.name.high : message.name !== 0))
                            writer.uint32(24).int64(message.name);
                        if (message.intValue != null && $Object.hasOwnProperty.call(message, "intValue"))
                            writer.uint32(32).int64(message.intValue);
                        if (message.state != null && $Object.hasOwnProperty.call(message, "state") && message.state !== 0)
                            writer.uint32(48).int32(message.state);
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    SocketOption.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.config.core.v3.SocketOption();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.description = value;
                                    else
                                        delete message.description;
                                    continue;
                                }
                            case 2: {
                                    if (wireType !== 0)
                                        break;
                                    if (typeof (value = reader.int64()) === "object" ? value.low || value.high : value !== 0)
                                        message.level = value;
                                    else
                                        delete message.level;
                                    continue;
                                }
                            case 3: {
                                    if (wireType !== 0)
                                        break;
                                    if (typeof (value = reader.int64()) === "object" ? value.low || value.high : value !== 0)
                                        message.name = value;
                                    else
                                        delete message.name;
                                    continue;
                                }
                            case 4: {
                                    if (wireType !== 0)
                                        break;
                                    message.intValue = reader.int64();
                                    message.value = "intValue";
                                    continue;
                                }
                            case 6: {
                                    if (wireType !== 0)
                                        break;
                                    if (value = reader.int32())
                                        message.state = value;
                                    else
                                        delete message.state;
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    SocketOption.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.config.core.v3.SocketOption)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.config.core.v3.SocketOption: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.config.core.v3.SocketOption();
                        if (object.description != null)
                            if (typeof object.description !== "string" || object.description.length)
                                message.description = $String(object.description);
                        if (object.level != null)
                            if (typeof object.level === "object" ? object.level.low || object.level.high : $Number(object.level) !== 0)
                                if ($util.Long)
                                    message.level = $util.Long.fromValue(object.level, false);
                                else if (typeof object.level === "string")
                                    message.level = $parseInt(object.level, 10);
                                else if (typeof object.level === "number")
                                    message.level = object.level;
                                else if (typeof object.level === "object")
                                    message.level = new $util.LongBits(object.level.low >>> 0, object.level.high >>> 0).toNumber();
                        if (object.name != null)
                            if (typeof object.name === "object" ? object.name.low || object.name.high : $Number(object.name) !== 0)
                                if ($util.Long)
                                    message.name = $util.Long.fromValue(object.name, false);
                                else if (typeof object.name === "string")
                                    message.name = $parseInt(object.name, 10);
                                else if (typeof object.name === "number")
                                    message.name = object.name;
                                else if (typeof object.name === "object")
                                    message.name = new $util.LongBits(object.name.low >>> 0, object.name.high >>> 0).toNumber();
                        if (object.intValue != null)
                            if ($util.Long)
                                message.intValue = $util.Long.fromValue(object.intValue, false);
                            else if (typeof object.intValue === "string")
                                message.intValue = $parseInt(object.intValue, 10);
                            else if (typeof object.intValue === "number")
                                message.intValue = object.intValue;
                            else if (typeof object.intValue === "object")
                                message.intValue = new $util.LongBits(object.intValue.low >>> 0, object.intValue.high >>> 0).toNumber();
                        if (object.state !== 0 && (typeof object.state !== "string" || $root.envoy.config.core.v3.SocketOption.SocketState[object.state] !== 0))
                            switch (object.state) {
                            case "STATE_PREBIND":
                            case 0:
                                message.state = 0;
                                break;
                            case "STATE_BOUND":
                            case 1:
                                message.state = 1;
                                break;
                            case "STATE_LISTENING":
                            case 2:
                                message.state = 2;
                                break;
                            default:
                                if (typeof object.state === "number" && (object.state | 0) === object.state)
                                    message.state = object.state;
                            }
                        return message;
                    };

                    SocketOption.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.defaults) {
                            object.description = "";
                            if ($util.Long) {
                                let long = new $util.Long(0, 0, false);
                                object.level = options.longs === $String ? long.toString() : options.longs === $Number ? long.toNumber() : typeof $BigInt !== "undefined" && options.longs === $BigInt ? long.toBigInt() : long;
                            } else
                                object.level = options.longs === $String ? "0" : typeof $BigInt !== "undefined" && options.longs === $BigInt ? $BigInt("0") : 0;
                            if ($util.Long) {
                                let long = new $util.Long(0, 0, false);
                                object.name = options.longs === $String ? long.toString() : options.longs === $Number ? long.toNumber() : typeof $BigInt !== "undefined" && options.longs === $BigInt ? long.toBigInt() : long;
                            } else
                                object.name = options.longs === $String ? "0" : typeof $BigInt !== "undefined" && options.longs === $BigInt ? $BigInt("0") : 0;
                            object.state = options.enums === $String ? "STATE_PREBIND" : 0;
                        }
                        if (message.description != null && $Object.hasOwnProperty.call(message, "description"))
                            object.description = message.description;
                        if (message.level != null && $Object.hasOwnProperty.call(message, "level"))
                            if (typeof $BigInt !== "undefined" && options.longs === $BigInt)
                                object.level = typeof message.level === "number" ? $BigInt(message.level) : $util.Long.fromBits(message.level.low >>> 0, message.level.high >>> 0, false).toBigInt();
                            else if (typeof message.level === "number")
                                object.level = options.longs === $String ? $String(message.level) : message.level;
                            else
                                object.level = options.longs === $String ? $util.Long.prototype.toString.call(message.level) : options.longs === $Number ? new $util.LongBits(message.level.low >>> 0, message.level.high >>> 0).toNumber() : message.level;
                        if (message.name != null && $Object.hasOwnProperty.call(message, "name"))
                            if (typeof $BigInt !== "undefined" && options.longs === $BigInt)
                                object.name = typeof message.name === "number" ? $BigInt(message.name) : $util.Long.fromBits(message.name.low >>> 0, message.name.high >>> 0, false).toBigInt();
                            else if (typeof message.name === "number")
                                object.name = options.longs === $String ? $String(message.name) : message.name;
                            else
                                object.name = options.longs === $String ? $util.Long.prototype.toString.call(message.name) : options.longs === $Number ? new $util.LongBits(message.name.low >>> 0, message.name.high >>> 0).toNumber() : message.name;
                        if (message.intValue != null && $Object.hasOwnProperty.call(message, "intValue")) {
                            if (typeof $BigInt !== "undefined" && options.longs === $BigInt)
                                object.intValue = typeof message.intValue === "number" ? $BigInt(message.intValue) : $util.Long.fromBits(message.intValue.low >>> 0, message.intValue.high >>> 0, false).toBigInt();
                            else if (typeof message.intValue === "number")
                                object.intValue = options.longs === $String ? $String(message.intValue) : message.intValue;
                            else
                                object.intValue = options.longs === $String ? $util.Long.prototype.toString.call(message.intValue) : options.longs === $Number ? new $util.LongBits(message.intValue.low >>> 0, message.intValue.high >>> 0).toNumber() : message.intValue;
                            if (options.oneofs)
                                object.value = "intValue";
                        }
                        if (message.state != null && $Object.hasOwnProperty.call(message, "state"))
                            object.state = options.enums === $String ? $root.envoy.config.core.v3.SocketOption.SocketState[message.state] === $undefined ? message.state : $root.envoy.config.core.v3.SocketOption.SocketState[message.state] : message.state;
                        return object;
                    };

                    SocketOption.prototype.toJSON = function() {
                        return SocketOption.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    SocketOption.SocketState = (function() {
                        const valuesById = $Object.create(null), values = $Object.create(valuesById);
                        values[valuesById[0] = "STATE_PREBIND"] = 0;
                        values[valuesById[1] = "STATE_BOUND"] = 1;
                        values[valuesById[2] = "STATE_LISTENING"] = 2;
                        return values;
                    })();

                    return SocketOption;
                })();

                v3.TrafficDirection = (function() {
                    const valuesById = $Object.create(null), values = $Object.create(valuesById);
                    values[valuesById[0] = "UNSPECIFIED"] = 0;
                    values[valuesById[1] = "INBOUND"] = 1;
                    values[valuesById[2] = "OUTBOUND"] = 2;
                    return values;
                })();

                return v3;
            })();

            return core;
        })();

        config.route = (function() {

            const route = {};

            route.v3 = (function() {

                const v3 = {};

                v3.HeaderMatcher = (function() {

                    const HeaderMatcher = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    HeaderMatcher.prototype.name = "";
                    HeaderMatcher.prototype.presentMatch = null;
                    HeaderMatcher.prototype.stringMatch = null;
                    HeaderMatcher.prototype.invertMatch = false;

                    let $oneOfFields;

                    $Object.defineProperty(HeaderMatcher.prototype, "headerMatchSpecifier", {
                        get: $util.oneOfGetter($oneOfFields = ["presentMatch", "stringMatch"]),
                        set: $util.oneOfSetter($oneOfFields)
                    });

                    HeaderMatcher.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                            writer.uint32(10).string(message.name);
                        if (message.presentMatch != null && $Object.hasOwnProperty.call(message, "presentMatch"))
                            writer.uint32(56).bool(message.presentMatch);
                        if (message.invertMatch != null && $Object.hasOwnProperty.call(message, "invertMatch") && message.invertMatch !== false)
                            writer.uint32(64).bool(message.invertMatch);
                        if (message.stringMatch != null && $Object.hasOwnProperty.call(message, "stringMatch"))
                            $root.envoy.type.matcher.v3.StringMatcher.encode(message.stringMatch, writer.uint32(106).fork(), _depth + 1).ldelim();
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    HeaderMatcher.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.config.route.v3.HeaderMatcher();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.name = value;
                                    else
                                        delete message.name;
                                    continue;
                                }
                            case 7: {
                                    if (wireType !== 0)
                                        break;
                                    message.presentMatch = reader.bool();
                                    message.headerMatchSpecifier = "presentMatch";
                                    continue;
                                }
                            case 13: {
                                    if (wireType !== 2)
                                        break;
                                    message.stringMatch = $root.envoy.type.matcher.v3.StringMatcher.decode(reader, reader.size(), $undefined, _depth + 1, message.stringMatch);
                                    message.headerMatchSpecifier = "stringMatch";
                                    continue;
                                }
                            case 8: {
                                    if (wireType !== 0)
                                        break;
                                    if (value = reader.bool())
                                        message.invertMatch = value;
                                    else
                                        delete message.invertMatch;
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    HeaderMatcher.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.config.route.v3.HeaderMatcher)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.config.route.v3.HeaderMatcher: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.config.route.v3.HeaderMatcher();
                        if (object.name != null)
                            if (typeof object.name !== "string" || object.name.length)
                                message.name = $String(object.name);
                        if (object.presentMatch != null)
                            message.presentMatch = $Boolean(object.presentMatch);
                        if (object.stringMatch != null) {
                            if (!$util.isObject(object.stringMatch))
                                throw $TypeError(".envoy.config.route.v3.HeaderMatcher.stringMatch: object expected");
                            message.stringMatch = $root.envoy.type.matcher.v3.StringMatcher.fromObject(object.stringMatch, _depth + 1);
                        }
                        if (object.invertMatch != null)
                            if (object.invertMatch)
                                message.invertMatch = $Boolean(object.invertMatch);
                        return message;
                    };

                    HeaderMatcher.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.defaults) {
                            object.name = "";
                            object.invertMatch = false;
                        }
                        if (message.name != null && $Object.hasOwnProperty.call(message, "name"))
                            object.name = message.name;
                        if (message.presentMatch != null && $Object.hasOwnProperty.call(message, "presentMatch")) {
                            object.presentMatch = message.presentMatch;
                            if (options.oneofs)
                                object.headerMatchSpecifier = "presentMatch";
                        }
                        if (message.invertMatch != null && $Object.hasOwnProperty.call(message, "invertMatch"))
                            object.invertMatch = message.invertMatch;
                        if (message.stringMatch != null && $Object.hasOwnProperty.call(message, "stringMatch")) {
                            object.stringMatch = $root.envoy.type.matcher.v3.StringMatcher.toObject(message.stringMatch, options, _depth + 1);
                            if (options.oneofs)
                                object.headerMatchSpecifier = "stringMatch";
                        }
                        return object;
                    };

                    HeaderMatcher.prototype.toJSON = function() {
                        return HeaderMatcher.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return HeaderMatcher;
                })();

                v3.RouteConfiguration = (function() {

                    const RouteConfiguration = function (properties) {
                        this.virtualHosts = [];
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    RouteConfiguration.prototype.name = "";
                    RouteConfiguration.prototype.virtualHosts = $util.emptyArray;

                    RouteConfiguration.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                            writer.uint32(10).string(message.name);
                        if (message.virtualHosts != null && message.virtualHosts.length)
                            for (let i = 0; i < message.virtualHosts.length; ++i)
                                $root.envoy.config.route.v3.VirtualHost.encode(message.virtualHosts[i], writer.uint32(18).fork(), _depth + 1).ldelim();
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    RouteConfiguration.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.config.route.v3.RouteConfiguration();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.name = value;
                                    else
                                        delete message.name;
                                    continue;
                                }
                            case 2: {
                                    if (wireType !== 2)
                                        break;
                                    if (!(message.virtualHosts && message.virtualHosts.length))
                                        message.virtualHosts = [];
                                    message.virtualHosts.push($root.envoy.config.route.v3.VirtualHost.decode(reader, reader.size(), $undefined, _depth + 1));
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    RouteConfiguration.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.config.route.v3.RouteConfiguration)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.config.route.v3.RouteConfiguration: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.config.route.v3.RouteConfiguration();
                        if (object.name != null)
                            if (typeof object.name !== "string" || object.name.length)
                                message.name = $String(object.name);
                        if (object.virtualHosts) {
                            if (!$Array.isArray(object.virtualHosts))
                                throw $TypeError(".envoy.config.route.v3.RouteConfiguration.virtualHosts: array expected");
                            message.virtualHosts = $Array(object.virtualHosts.length);
                            for (let i = 0; i < object.virtualHosts.length; ++i) {
                                if (!$util.isObject(object.virtualHosts[i]))
                                    throw $TypeError(".envoy.config.route.v3.RouteConfiguration.virtualHosts: object expected");
                                message.virtualHosts[i] = $root.envoy.config.route.v3.VirtualHost.fromObject(object.virtualHosts[i], _depth + 1);
                            }
                        }
                        return message;
                    };

                    RouteConfiguration.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.arrays || options.defaults)
                            object.virtualHosts = [];
                        if (options.defaults)
                            object.name = "";
                        if (message.name != null && $Object.hasOwnProperty.call(message, "name"))
                            object.name = message.name;
                        if (message.virtualHosts && message.virtualHosts.length) {
                            object.virtualHosts = $Array(message.virtualHosts.length);
                            for (let j = 0; j < message.virtualHosts.length; ++j)
                                object.virtualHosts[j] = $root.envoy.config.route.v3.VirtualHost.toObject(message.virtualHosts[j], options, _depth + 1);
                        }
                        return object;
                    };

                    RouteConfiguration.prototype.toJSON = function() {
                        return RouteConfiguration.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return RouteConfiguration;
                })();

                v3.VirtualHost = (function() {

                    const VirtualHost = function (properties) {
                        this.domains = [];
                        this.routes = [];
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    VirtualHost.prototype.name = "";
                    VirtualHost.prototype.domains = $util.emptyArray;
                    VirtualHost.prototype.routes = $util.emptyArray;

                    VirtualHost.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                            writer.uint32(10).string(message.name);
                        if (message.domains != null && message.domains.length)
                            for (let i = 0; i < message.domains.length; ++i)
                                writer.uint32(18).string(message.domains[i]);
                        if (message.routes != null && message.routes.length)
                            for (let i = 0; i < message.routes.length; ++i)
                                $root.envoy.config.route.v3.Route.encode(message.routes[i], writer.uint32(26).fork(), _depth + 1).ldelim();
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    VirtualHost.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.config.route.v3.VirtualHost();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.name = value;
                                    else
                                        delete message.name;
                                    continue;
                                }
                            case 2: {
                                    if (wireType !== 2)
                                        break;
                                    if (!(message.domains && message.domains.length))
                                        message.domains = [];
                                    message.domains.push(reader.stringVerify());
                                    continue;
                                }
                            case 3: {
                                    if (wireType !== 2)
                                        break;
                                    if (!(message.routes && message.routes.length))
                                        message.routes = [];
                                    message.routes.push($root.envoy.config.route.v3.Route.decode(reader, reader.size(), $undefined, _depth + 1));
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    VirtualHost.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.config.route.v3.VirtualHost)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.config.route.v3.VirtualHost: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.config.route.v3.VirtualHost();
                        if (object.name != null)
                            if (typeof object.name !== "string" || object.name.length)
                                message.name = $String(object.name);
                        if (object.domains) {
                            if (!$Array.isArray(object.domains))
                                throw $TypeError(".envoy.config.route.v3.VirtualHost.domains: array expected");
                            message.domains = $Array(object.domains.length);
                            for (let i = 0; i < object.domains.length; ++i)
                                message.domains[i] = $String(object.domains[i]);
                        }
                        if (object.routes) {
                            if (!$Array.isArray(object.routes))
                                throw $TypeError(".envoy.config.route.v3.VirtualHost.routes: array expected");
                            message.routes = $Array(object.routes.length);
                            for (let i = 0; i < object.routes.length; ++i) {
                                if (!$util.isObject(object.routes[i]))
                                    throw $TypeError(".envoy.config.route.v3.VirtualHost.routes: object expected");
                                message.routes[i] = $root.envoy.config.route.v3.Route.fromObject(object.routes[i], _depth + 1);
                            }
                        }
                        return message;
                    };

                    VirtualHost.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.arrays || options.defaults) {
                            object.domains = [];
                            object.routes = [];
                        }
                        if (options.defaults)
                            object.name = "";
                        if (message.name != null && $Object.hasOwnProperty.call(message, "name"))
                            object.name = message.name;
                        if (message.domains && message.domains.length) {
                            object.domains = $Array(message.domains.length);
                            for (let j = 0; j < message.domains.length; ++j)
                                object.domains[j] = message.domains[j];
                        }
                        if (message.routes && message.routes.length) {
                            object.routes = $Array(message.routes.length);
                            for (let j = 0; j < message.routes.length; ++j)
                                object.routes[j] = $root.envoy.config.route.v3.Route.toObject(message.routes[j], options, _depth + 1);
                        }
                        return object;
                    };

                    VirtualHost.prototype.toJSON = function() {
                        return VirtualHost.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return VirtualHost;
                })();

                v3.Route = (function() {

                    const Route = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    Route.prototype.match = null;
                    Route.prototype.route = null;
                    Route.prototype.name = "";

                    let $oneOfFields;

                    $Object.defineProperty(Route.prototype, "action", {
                        get: $util.oneOfGetter($oneOfFields = ["route"]),
                        set: $util.oneOfSetter($oneOfFields)
                    });

                    Route.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.match != null && $Object.hasOwnProperty.call(message, "match"))
                            $root.envoy.config.route.v3.RouteMatch.encode(message.match, writer.uint32(10).fork(), _depth + 1).ldelim();
                        if (message.route != null && $Object.hasOwnProperty.call(message, "route"))
                            $root.envoy.config.route.v3.RouteAction.encode(message.route, writer.uint32(18).fork(), _depth + 1).ldelim();
                        if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                            writer.uint32(114).string(message.name);
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    Route.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.config.route.v3.Route();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    message.match = $root.envoy.config.route.v3.RouteMatch.decode(reader, reader.size(), $undefined, _depth + 1, message.match);
                                    continue;
                                }
                            case 2: {
                                    if (wireType !== 2)
                                        break;
                                    message.route = $root.envoy.config.route.v3.RouteAction.decode(reader, reader.size(), $undefined, _depth + 1, message.route);
                                    message.action = "route";
                                    continue;
                                }
                            case 14: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.name = value;
                                    else
                                        delete message.name;
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    Route.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.config.route.v3.Route)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.config.route.v3.Route: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.config.route.v3.Route();
                        if (object.match != null) {
                            if (!$util.isObject(object.match))
                                throw $TypeError(".envoy.config.route.v3.Route.match: object expected");
                            message.match = $root.envoy.config.route.v3.RouteMatch.fromObject(object.match, _depth + 1);
                        }
                        if (object.route != null) {
                            if (!$util.isObject(object.route))
                                throw $TypeError(".envoy.config.route.v3.Route.route: object expected");
                            message.route = $root.envoy.config.route.v3.RouteAction.fromObject(object.route, _depth + 1);
                        }
                        if (object.name != null)
                            if (typeof object.name !== "string" || object.name.length)
                                message.name = $String(object.name);
                        return message;
                    };

                    Route.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.defaults) {
                            object.match = null;
                            object.name = "";
                        }
                        if (message.match != null && $Object.hasOwnProperty.call(message, "match"))
                            object.match = $root.envoy.config.route.v3.RouteMatch.toObject(message.match, options, _depth + 1);
                        if (message.route != null && $Object.hasOwnProperty.call(message, "route")) {
                            object.route = $root.envoy.config.route.v3.RouteAction.toObject(message.route, options, _depth + 1);
                            if (options.oneofs)
                                object.action = "route";
                        }
                        if (message.name != null && $Object.hasOwnProperty.call(message, "name"))
                            object.name = message.name;
                        return object;
                    };

                    Route.prototype.toJSON = function() {
                        return Route.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return Route;
                })();

                v3.RouteMatch = (function() {

                    const RouteMatch = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    RouteMatch.prototype.prefix = null;
                    RouteMatch.prototype.grpc = null;

                    let $oneOfFields;

                    $Object.defineProperty(RouteMatch.prototype, "pathSpecifier", {
                        get: $util.oneOfGetter($oneOfFields = ["prefix"]),
                        set: $util.oneOfSetter($oneOfFields)
                    });

                    RouteMatch.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.prefix != null && $Object.hasOwnProperty.call(message, "prefix"))
                            writer.uint32(10).string(message.prefix);
                        if (message.grpc != null && $Object.hasOwnProperty.call(message, "grpc"))
                            $root.envoy.config.route.v3.RouteMatch.GrpcRouteMatchOptions.encode(message.grpc, writer.uint32(66).fork(), _depth + 1).ldelim();
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    RouteMatch.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.config.route.v3.RouteMatch();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    message.prefix = reader.stringVerify();
                                    message.pathSpecifier = "prefix";
                                    continue;
                                }
                            case 8: {
                                    if (wireType !== 2)
                                        break;
                                    message.grpc = $root.envoy.config.route.v3.RouteMatch.GrpcRouteMatchOptions.decode(reader, reader.size(), $undefined, _depth + 1, message.grpc);
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    RouteMatch.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.config.route.v3.RouteMatch)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.config.route.v3.RouteMatch: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.config.route.v3.RouteMatch();
                        if (object.prefix != null)
                            message.prefix = $String(object.prefix);
                        if (object.grpc != null) {
                            if (!$util.isObject(object.grpc))
                                throw $TypeError(".envoy.config.route.v3.RouteMatch.grpc: object expected");
                            message.grpc = $root.envoy.config.route.v3.RouteMatch.GrpcRouteMatchOptions.fromObject(object.grpc, _depth + 1);
                        }
                        return message;
                    };

                    RouteMatch.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.defaults)
                            object.grpc = null;
                        if (message.prefix != null && $Object.hasOwnProperty.call(message, "prefix")) {
                            object.prefix = message.prefix;
                            if (options.oneofs)
                                object.pathSpecifier = "prefix";
                        }
                        if (message.grpc != null && $Object.hasOwnProperty.call(message, "grpc"))
                            object.grpc = $root.envoy.config.route.v3.RouteMatch.GrpcRouteMatchOptions.toObject(message.grpc, options, _depth + 1);
                        return object;
                    };

                    RouteMatch.prototype.toJSON = function() {
                        return RouteMatch.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    RouteMatch.GrpcRouteMatchOptions = (function() {

                        const GrpcRouteMatchOptions = function (properties) {
                            if (properties)
                                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                        this[keys[i]] = properties[keys[i]];
                        };

                        GrpcRouteMatchOptions.encode = function (message, writer, _depth) {
                            if (!writer)
                                writer = $Writer.create();
                            if (_depth === $undefined)
                                _depth = 0;
                            if (_depth > $util.recursionLimit)
                                throw $Error("max depth exceeded");
                            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                                for (let i = 0; i < message.$unknowns.length; ++i)
                                    writer.raw(message.$unknowns[i]);
                            return writer;
                        };

                        GrpcRouteMatchOptions.decode = function (reader, length, _end, _depth, _target) {
                            if (!(reader instanceof $Reader))
                                reader = $Reader.create(reader);
                            if (_depth === $undefined)
                                _depth = 0;
                            if (_depth > $Reader.recursionLimit)
                                throw $Error("max depth exceeded");
                            let end, message;
                            if (length === $undefined)
                                end = reader.len;
                            else {
                                end = reader.pos + length;
                                if (end > reader.len)
                                    throw $RangeError("index out of range");
                                length = reader.len;
                                reader.len = end;
                            }
                            message = _target || new $root.envoy.config.route.v3.RouteMatch.GrpcRouteMatchOptions();
                            while (reader.pos < end) {
                                let start = reader.pos;
                                let tag = reader.tag();
                                if (tag === _end) {
                                    _end = $undefined;
                                    break;
                                }
                                reader.skipType(tag & 7, _depth, tag);
                                if (!reader.discardUnknown) {
                                    $util.makeProp(message, "$unknowns", false);
                                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                                }
                            }
                            if (length !== $undefined) {
                                if (reader.pos !== end)
                                    throw $RangeError("index out of range");
                                reader.len = length;
                            }
                            if (_end !== $undefined)
                                throw $Error("missing end group");
                            return message;
                        };

                        GrpcRouteMatchOptions.fromObject = function (object, _depth) {
                            if (object instanceof $root.envoy.config.route.v3.RouteMatch.GrpcRouteMatchOptions)
                                return object;
                            if (!$util.isObject(object))
                                throw $TypeError(".envoy.config.route.v3.RouteMatch.GrpcRouteMatchOptions: object expected");
                            if (_depth === $undefined)
                                _depth = 0;
                            if (_depth > $util.recursionLimit)
                                throw $Error("max depth exceeded");
                            return new $root.envoy.config.route.v3.RouteMatch.GrpcRouteMatchOptions();
                        };

                        GrpcRouteMatchOptions.toObject = function () {
                            return {};
                        };

                        GrpcRouteMatchOptions.prototype.toJSON = function() {
                            return GrpcRouteMatchOptions.toObject(this, $protobuf.util.toJSONOptions);
                        };

                        return GrpcRouteMatchOptions;
                    })();

                    return RouteMatch;
                })();

                v3.RouteAction = (function() {

                    const RouteAction = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    RouteAction.prototype.cluster = null;
                    RouteAction.prototype.timeout = null;
                    RouteAction.prototype.retryPolicy = null;

                    let $oneOfFields;

                    $Object.defineProperty(RouteAction.prototype, "clusterSpecifier", {
                        get: $util.oneOfGetter($oneOfFields = ["cluster"]),
                        set: $util.oneOfSetter($oneOfFields)
                    });

                    RouteAction.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.cluster != null && $Object.hasOwnProperty.call(message, "cluster"))
                            writer.uint32(10).string(message.cluster);
                        if (message.timeout != null && $Object.hasOwnProperty.call(message, "timeout"))
                            $root.google.protobuf.Duration.encode(message.timeout, writer.uint32(66).fork(), _depth + 1).ldelim();
                        if (message.retryPolicy != null && $Object.hasOwnProperty.call(message, "retryPolicy"))
                            $root.envoy.config.route.v3.RetryPolicy.encode(message.retryPolicy, writer.uint32(74).fork(), _depth + 1).ldelim();
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    RouteAction.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.config.route.v3.RouteAction();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    message.cluster = reader.stringVerify();
                                    message.clusterSpecifier = "cluster";
                                    continue;
                                }
                            case 8: {
                                    if (wireType !== 2)
                                        break;
                                    message.timeout = $root.google.protobuf.Duration.decode(reader, reader.size(), $undefined, _depth + 1, message.timeout);
                                    continue;
                                }
                            case 9: {
                                    if (wireType !== 2)
                                        break;
                                    message.retryPolicy = $root.envoy.config.route.v3.RetryPolicy.decode(reader, reader.size(), $undefined, _depth + 1, message.retryPolicy);
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    RouteAction.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.config.route.v3.RouteAction)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.config.route.v3.RouteAction: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.config.route.v3.RouteAction();
                        if (object.cluster != null)
                            message.cluster = $String(object.cluster);
                        if (object.timeout != null) {
                            if (!$util.isObject(object.timeout))
                                throw $TypeError(".envoy.config.route.v3.RouteAction.timeout: object expected");
                            message.timeout = $root.google.protobuf.Duration.fromObject(object.timeout, _depth + 1);
                        }
                        if (object.retryPolicy != null) {
                            if (!$util.isObject(object.retryPolicy))
                                throw $TypeError(".envoy.config.route.v3.RouteAction.retryPolicy: object expected");
                            message.retryPolicy = $root.envoy.config.route.v3.RetryPolicy.fromObject(object.retryPolicy, _depth + 1);
                        }
                        return message;
                    };

                    RouteAction.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.defaults) {
                            object.timeout = null;
                            object.retryPolicy = null;
                        }
                        if (message.cluster != null && $Object.hasOwnProperty.call(message, "cluster")) {
                            object.cluster = message.cluster;
                            if (options.oneofs)
                                object.clusterSpecifier = "cluster";
                        }
                        if (message.timeout != null && $Object.hasOwnProperty.call(message, "timeout"))
                            object.timeout = $root.google.protobuf.Duration.toObject(message.timeout, options, _depth + 1);
                        if (message.retryPolicy != null && $Object.hasOwnProperty.call(message, "retryPolicy"))
                            object.retryPolicy = $root.envoy.config.route.v3.RetryPolicy.toObject(message.retryPolicy, options, _depth + 1);
                        return object;
                    };

                    RouteAction.prototype.toJSON = function() {
                        return RouteAction.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return RouteAction;
                })();

                v3.RetryPolicy = (function() {

                    const RetryPolicy = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    RetryPolicy.prototype.retryOn = "";
                    RetryPolicy.prototype.numRetries = null;
                    RetryPolicy.prototype.perTryTimeout = null;

                    RetryPolicy.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.retryOn != null && $Object.hasOwnProperty.call(message, "retryOn") && message.retryOn !== "")
                            writer.uint32(10).string(message.retryOn);
                        if (message.numRetries != null && $Object.hasOwnProperty.call(message, "numRetries"))
                            $root.google.protobuf.UInt32Value.encode(message.numRetries, writer.uint32(18).fork(), _depth + 1).ldelim();
                        if (message.perTryTimeout != null && $Object.hasOwnProperty.call(message, "perTryTimeout"))
                            $root.google.protobuf.Duration.encode(message.perTryTimeout, writer.uint32(26).fork(), _depth + 1).ldelim();
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    RetryPolicy.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.config.route.v3.RetryPolicy();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.retryOn = value;
                                    else
                                        delete message.retryOn;
                                    continue;
                                }
                            case 2: {
                                    if (wireType !== 2)
                                        break;
                                    message.numRetries = $root.google.protobuf.UInt32Value.decode(reader, reader.size(), $undefined, _depth + 1, message.numRetries);
                                    continue;
                                }
                            case 3: {
                                    if (wireType !== 2)
                                        break;
                                    message.perTryTimeout = $root.google.protobuf.Duration.decode(reader, reader.size(), $undefined, _depth + 1, message.perTryTimeout);
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    RetryPolicy.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.config.route.v3.RetryPolicy)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.config.route.v3.RetryPolicy: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.config.route.v3.RetryPolicy();
                        if (object.retryOn != null)
                            if (typeof object.retryOn !== "string" || object.retryOn.length)
                                message.retryOn = $String(object.retryOn);
                        if (object.numRetries != null) {
                            if (!$util.isObject(object.numRetries))
                                throw $TypeError(".envoy.config.route.v3.RetryPolicy.numRetries: object expected");
                            message.numRetries = $root.google.protobuf.UInt32Value.fromObject(object.numRetries, _depth + 1);
                        }
                        if (object.perTryTimeout != null) {
                            if (!$util.isObject(object.perTryTimeout))
                                throw $TypeError(".envoy.config.route.v3.RetryPolicy.perTryTimeout: object expected");
                            message.perTryTimeout = $root.google.protobuf.Duration.fromObject(object.perTryTimeout, _depth + 1);
                        }
                        return message;
                    };

                    RetryPolicy.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.defaults) {
                            object.retryOn = "";
                            object.numRetries = null;
                            object.perTryTimeout = null;
                        }
                        if (message.retryOn != null && $Object.hasOwnProperty.call(message, "retryOn"))
                            object.retryOn = message.retryOn;
                        if (message.numRetries != null && $Object.hasOwnProperty.call(message, "numRetries"))
                            object.numRetries = $root.google.protobuf.UInt32Value.toObject(message.numRetries, options, _depth + 1);
                        if (message.perTryTimeout != null && $Object.hasOwnProperty.call(message, "perTryTimeout"))
                            object.perTryTimeout = $root.google.protobuf.Duration.toObject(message.perTryTimeout, options, _depth + 1);
                        return object;
                    };

                    RetryPolicy.prototype.toJSON = function() {
                        return RetryPolicy.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return RetryPolicy;
                })();

                return v3;
            })();

            return route;
        })();

        config.listener = (function() {

            const listener = {};

            listener.v3 = (function() {

                const v3 = {};

                v3.Listener = (function() {

                    const Listener = function (properties) {
                        this.filterChains = [];
                        this.listenerFilters = [];
                        this.socketOptions = [];
                        this.additionalAddresses = [];
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    Listener.prototype.name = "";
                    Listener.prototype.address = null;
                    Listener.prototype.filterChains = $util.emptyArray;
                    Listener.prototype.listenerFilters = $util.emptyArray;
                    Listener.prototype.transparent = null;
                    Listener.prototype.socketOptions = $util.emptyArray;
                    Listener.prototype.trafficDirection = 0;
                    Listener.prototype.additionalAddresses = $util.emptyArray;

                    Listener.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                            writer.uint32(10).string(message.name);
                        if (message.address != null && $Object.hasOwnProperty.call(message, "address"))
                            $root.envoy.config.core.v3.Address.encode(message.address, writer.uint32(18).fork(), _depth + 1).ldelim();
                        if (message.filterChains != null && message.filterChains.length)
                            for (let i = 0; i < message.filterChains.length; ++i)
                                $root.envoy.config.listener.v3.FilterChain.encode(message.filterChains[i], writer.uint32(26).fork(), _depth + 1).ldelim();
                        if (message.listenerFilters != null && message.listenerFilters.length)
                            for (let i = 0; i < message.listenerFilters.length; ++i)
                                $root.envoy.config.listener.v3.ListenerFilter.encode(message.listenerFilters[i], writer.uint32(74).fork(), _depth + 1).ldelim();
                        if (message.transparent != null && $Object.hasOwnProperty.call(message, "transparent"))
                            $root.google.protobuf.BoolValue.encode(message.transparent, writer.uint32(82).fork(), _depth + 1).ldelim();
                        if (message.socketOptions != null && message.socketOptions.length)
                            for (let i = 0; i < message.socketOptions.length; ++i)
                                $root.envoy.config.core.v3.SocketOption.encode(message.socketOptions[i], writer.uint32(106).fork(), _depth + 1).ldelim();
                        if (message.trafficDirection != null && $Object.hasOwnProperty.call(message, "trafficDirection") && message.trafficDirection !== 0)
                            writer.uint32(128).int32(message.trafficDirection);
                        if (message.additionalAddresses != null && message.additionalAddresses.length)
                            for (let i = 0; i < message.additionalAddresses.length; ++i)
                                $root.envoy.config.listener.v3.AdditionalAddress.encode(message.additionalAddresses[i], writer.uint32(266).fork(), _depth + 1).ldelim();
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    Listener.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.config.listener.v3.Listener();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.name = value;
                                    else
                                        delete message.name;
                                    continue;
                                }
                            case 2: {
                                    if (wireType !== 2)
                                        break;
                                    message.address = $root.envoy.config.core.v3.Address.decode(reader, reader.size(), $undefined, _depth + 1, message.address);
                                    continue;
                                }
                            case 3: {
                                    if (wireType !== 2)
                                        break;
                                    if (!(message.filterChains && message.filterChains.length))
                                        message.filterChains = [];
                                    message.filterChains.push($root.envoy.config.listener.v3.FilterChain.decode(reader, reader.size(), $undefined, _depth + 1));
                                    continue;
                                }
                            case 9: {
                                    if (wireType !== 2)
                                        break;
                                    if (!(message.listenerFilters && message.listenerFilters.length))
                                        message.listenerFilters = [];
                                    message.listenerFilters.push($root.envoy.config.listener.v3.ListenerFilter.decode(reader, reader.size(), $undefined, _depth + 1));
                                    continue;
                                }
                            case 10: {
                                    if (wireType !== 2)
                                        break;
                                    message.transparent = $root.google.protobuf.BoolValue.decode(reader, reader.size(), $undefined, _depth + 1, message.transparent);
                                    continue;
                                }
                            case 13: {
                                    if (wireType !== 2)
                                        break;
                                    if (!(message.socketOptions && message.socketOptions.length))
                                        message.socketOptions = [];
                                    message.socketOptions.push($root.envoy.config.core.v3.SocketOption.decode(reader, reader.size(), $undefined, _depth + 1));
                                    continue;
                                }
                            case 16: {
                                    if (wireType !== 0)
                                        break;
                                    if (value = reader.int32())
                                        message.trafficDirection = value;
                                    else
                                        delete message.trafficDirection;
                                    continue;
                                }
                            case 33: {
                                    if (wireType !== 2)
                                        break;
                                    if (!(message.additionalAddresses && message.additionalAddresses.length))
                                        message.additionalAddresses = [];
                                    message.additionalAddresses.push($root.envoy.config.listener.v3.AdditionalAddress.decode(reader, reader.size(), $undefined, _depth + 1));
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    Listener.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.config.listener.v3.Listener)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.config.listener.v3.Listener: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.config.listener.v3.Listener();
                        if (object.name != null)
                            if (typeof object.name !== "string" || object.name.length)
                                message.name = $String(object.name);
                        if (object.address != null) {
                            if (!$util.isObject(object.address))
                                throw $TypeError(".envoy.config.listener.v3.Listener.address: object expected");
                            message.address = $root.envoy.config.core.v3.Address.fromObject(object.address, _depth + 1);
                        }
                        if (object.filterChains) {
                            if (!$Array.isArray(object.filterChains))
                                throw $TypeError(".envoy.config.listener.v3.Listener.filterChains: array expected");
                            message.filterChains = $Array(object.filterChains.length);
                            for (let i = 0; i < object.filterChains.length; ++i) {
                                if (!$util.isObject(object.filterChains[i]))
                                    throw $TypeError(".envoy.config.listener.v3.Listener.filterChains: object expected");
                                message.filterChains[i] = $root.envoy.config.listener.v3.FilterChain.fromObject(object.filterChains[i], _depth + 1);
                            }
                        }
                        if (object.listenerFilters) {
                            if (!$Array.isArray(object.listenerFilters))
                                throw $TypeError(".envoy.config.listener.v3.Listener.listenerFilters: array expected");
                            message.listenerFilters = $Array(object.listenerFilters.length);
                            for (let i = 0; i < object.listenerFilters.length; ++i) {
                                if (!$util.isObject(object.listenerFilters[i]))
                                    throw $TypeError(".envoy.config.listener.v3.Listener.listenerFilters: object expected");
                                message.listenerFilters[i] = $root.envoy.config.listener.v3.ListenerFilter.fromObject(object.listenerFilters[i], _depth + 1);
                            }
                        }
                        if (object.transparent != null) {
                            if (!$util.isObject(object.transparent))
                                throw $TypeError(".envoy.config.listener.v3.Listener.transparent: object expected");
                            message.transparent = $root.google.protobuf.BoolValue.fromObject(object.transparent, _depth + 1);
                        }
                        if (object.socketOptions) {
                            if (!$Array.isArray(object.socketOptions))
                                throw $TypeError(".envoy.config.listener.v3.Listener.socketOptions: array expected");
                            message.socketOptions = $Array(object.socketOptions.length);
                            for (let i = 0; i < object.socketOptions.length; ++i) {
                                if (!$util.isObject(object.socketOptions[i]))
                                    throw $TypeError(".envoy.config.listener.v3.Listener.socketOptions: object expected");
                                message.socketOptions[i] = $root.envoy.config.core.v3.SocketOption.fromObject(object.socketOptions[i], _depth + 1);
                            }
                        }
                        if (object.trafficDirection !== 0 && (typeof object.trafficDirection !== "string" || $root.envoy.config.core.v3.TrafficDirection[object.trafficDirection] !== 0))
                            switch (object.trafficDirection) {
                            case "UNSPECIFIED":
                            case 0:
                                message.trafficDirection = 0;
                                break;
                            case "INBOUND":
                            case 1:
                                message.trafficDirection = 1;
                                break;
                            case "OUTBOUND":
                            case 2:
                                message.trafficDirection = 2;
                                break;
                            default:
                                if (typeof object.trafficDirection === "number" && (object.trafficDirection | 0) === object.trafficDirection)
                                    message.trafficDirection = object.trafficDirection;
                            }
                        if (object.additionalAddresses) {
                            if (!$Array.isArray(object.additionalAddresses))
                                throw $TypeError(".envoy.config.listener.v3.Listener.additionalAddresses: array expected");
                            message.additionalAddresses = $Array(object.additionalAddresses.length);
                            for (let i = 0; i < object.additionalAddresses.length; ++i) {
                                if (!$util.isObject(object.additionalAddresses[i]))
                                    throw $TypeError(".envoy.config.listener.v3.Listener.additionalAddresses: object expected");
                                message.additionalAddresses[i] = $root.envoy.config.listener.v3.AdditionalAddress.fromObject(object.additionalAddresses[i], _depth + 1);
                            }
                        }
                        return message;
                    };

                    Listener.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.arrays || options.defaults) {
                            object.filterChains = [];
                            object.listenerFilters = [];
                            object.socketOptions = [];
                            object.additionalAddresses = [];
                        }
                        if (options.defaults) {
                            object.name = "";
                            object.address = null;
                            object.transparent = null;
                            object.trafficDirection = options.enums === $String ? "UNSPECIFIED" : 0;
                        }
                        if (message.name != null && $Object.hasOwnProperty.call(message, "name"))
                            object.name = message.name;
                        if (message.address != null && $Object.hasOwnProperty.call(message, "address"))
                            object.address = $root.envoy.config.core.v3.Address.toObject(message.address, options, _depth + 1);
                        if (message.filterChains && message.filterChains.length) {
                            object.filterChains = $Array(message.filterChains.length);
                            for (let j = 0; j < message.filterChains.length; ++j)
                                object.filterChains[j] = $root.envoy.config.listener.v3.FilterChain.toObject(message.filterChains[j], options, _depth + 1);
                        }
                        if (message.listenerFilters && message.listenerFilters.length) {
                            object.listenerFilters = $Array(message.listenerFilters.length);
                            for (let j = 0; j < message.listenerFilters.length; ++j)
                                object.listenerFilters[j] = $root.envoy.config.listener.v3.ListenerFilter.toObject(message.listenerFilters[j], options, _depth + 1);
                        }
                        if (message.transparent != null && $Object.hasOwnProperty.call(message, "transparent"))
                            object.transparent = $root.google.protobuf.BoolValue.toObject(message.transparent, options, _depth + 1);
                        if (message.socketOptions && message.socketOptions.length) {
                            object.socketOptions = $Array(message.socketOptions.length);
                            for (let j = 0; j < message.socketOptions.length; ++j)
                                object.socketOptions[j] = $root.envoy.config.core.v3.SocketOption.toObject(message.socketOptions[j], options, _depth + 1);
                        }
                        if (message.trafficDirection != null && $Object.hasOwnProperty.call(message, "trafficDirection"))
                            object.trafficDirection = options.enums === $String ? $root.envoy.config.core.v3.TrafficDirection[message.trafficDirection] === $undefined ? message.trafficDirection : $root.envoy.config.core.v3.TrafficDirection[message.trafficDirection] : message.trafficDirection;
                        if (message.additionalAddresses && message.additionalAddresses.length) {
                            object.additionalAddresses = $Array(message.additionalAddresses.length);
                            for (let j = 0; j < message.additionalAddresses.length; ++j)
                                object.additionalAddresses[j] = $root.envoy.config.listener.v3.AdditionalAddress.toObject(message.additionalAddresses[j], options, _depth + 1);
                        }
                        return object;
                    };

                    Listener.prototype.toJSON = function() {
                        return Listener.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return Listener;
                })();

                v3.AdditionalAddress = (function() {

                    const AdditionalAddress = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    AdditionalAddress.prototype.address = null;

                    AdditionalAddress.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.address != null && $Object.hasOwnProperty.call(message, "address"))
                            $root.envoy.config.core.v3.Address.encode(message.address, writer.uint32(10).fork(), _depth + 1).ldelim();
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    AdditionalAddress.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.config.listener.v3.AdditionalAddress();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    message.address = $root.envoy.config.core.v3.Address.decode(reader, reader.size(), $undefined, _depth + 1, message.address);
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    AdditionalAddress.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.config.listener.v3.AdditionalAddress)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.config.listener.v3.AdditionalAddress: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.config.listener.v3.AdditionalAddress();
                        if (object.address != null) {
                            if (!$util.isObject(object.address))
                                throw $TypeError(".envoy.config.listener.v3.AdditionalAddress.address: object expected");
                            message.address = $root.envoy.config.core.v3.Address.fromObject(object.address, _depth + 1);
                        }
                        return message;
                    };

                    AdditionalAddress.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.defaults)
                            object.address = null;
                        if (message.address != null && $Object.hasOwnProperty.call(message, "address"))
                            object.address = $root.envoy.config.core.v3.Address.toObject(message.address, options, _depth + 1);
                        return object;
                    };

                    AdditionalAddress.prototype.toJSON = function() {
                        return AdditionalAddress.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return AdditionalAddress;
                })();

                v3.ListenerFilter = (function() {

                    const ListenerFilter = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    ListenerFilter.prototype.name = "";
                    ListenerFilter.prototype.typedConfig = null;

                    let $oneOfFields;

                    $Object.defineProperty(ListenerFilter.prototype, "configType", {
                        get: $util.oneOfGetter($oneOfFields = ["typedConfig"]),
                        set: $util.oneOfSetter($oneOfFields)
                    });

                    ListenerFilter.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                            writer.uint32(10).string(message.name);
                        if (message.typedConfig != null && $Object.hasOwnProperty.call(message, "typedConfig"))
                            $root.google.protobuf.Any.encode(message.typedConfig, writer.uint32(26).fork(), _depth + 1).ldelim();
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    ListenerFilter.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.config.listener.v3.ListenerFilter();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.name = value;
                                    else
                                        delete message.name;
                                    continue;
                                }
                            case 3: {
                                    if (wireType !== 2)
                                        break;
                                    message.typedConfig = $root.google.protobuf.Any.decode(reader, reader.size(), $undefined, _depth + 1, message.typedConfig);
                                    message.configType = "typedConfig";
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    ListenerFilter.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.config.listener.v3.ListenerFilter)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.config.listener.v3.ListenerFilter: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.config.listener.v3.ListenerFilter();
                        if (object.name != null)
                            if (typeof object.name !== "string" || object.name.length)
                                message.name = $String(object.name);
                        if (object.typedConfig != null) {
                            if (!$util.isObject(object.typedConfig))
                                throw $TypeError(".envoy.config.listener.v3.ListenerFilter.typedConfig: object expected");
                            message.typedConfig = $root.google.protobuf.Any.fromObject(object.typedConfig, _depth + 1);
                        }
                        return message;
                    };

                    ListenerFilter.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.defaults)
                            object.name = "";
                        if (message.name != null && $Object.hasOwnProperty.call(message, "name"))
                            object.name = message.name;
                        if (message.typedConfig != null && $Object.hasOwnProperty.call(message, "typedConfig")) {
                            object.typedConfig = $root.google.protobuf.Any.toObject(message.typedConfig, options, _depth + 1);
                            if (options.oneofs)
                                object.configType = "typedConfig";
                        }
                        return object;
                    };

                    ListenerFilter.prototype.toJSON = function() {
                        return ListenerFilter.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return ListenerFilter;
                })();

                v3.FilterChain = (function() {

                    const FilterChain = function (properties) {
                        this.filters = [];
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    FilterChain.prototype.filterChainMatch = null;
                    FilterChain.prototype.filters = $util.emptyArray;
                    FilterChain.prototype.name = "";

                    FilterChain.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.filterChainMatch != null && $Object.hasOwnProperty.call(message, "filterChainMatch"))
                            $root.envoy.config.listener.v3.FilterChainMatch.encode(message.filterChainMatch, writer.uint32(10).fork(), _depth + 1).ldelim();
                        if (message.filters != null && message.filters.length)
                            for (let i = 0; i < message.filters.length; ++i)
                                $root.envoy.config.listener.v3.Filter.encode(message.filters[i], writer.uint32(26).fork(), _depth + 1).ldelim();
                        if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                            writer.uint32(58).string(message.name);
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    FilterChain.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.config.listener.v3.FilterChain();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    message.filterChainMatch = $root.envoy.config.listener.v3.FilterChainMatch.decode(reader, reader.size(), $undefined, _depth + 1, message.filterChainMatch);
                                    continue;
                                }
                            case 3: {
                                    if (wireType !== 2)
                                        break;
                                    if (!(message.filters && message.filters.length))
                                        message.filters = [];
                                    message.filters.push($root.envoy.config.listener.v3.Filter.decode(reader, reader.size(), $undefined, _depth + 1));
                                    continue;
                                }
                            case 7: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.name = value;
                                    else
                                        delete message.name;
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    FilterChain.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.config.listener.v3.FilterChain)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.config.listener.v3.FilterChain: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.config.listener.v3.FilterChain();
                        if (object.filterChainMatch != null) {
                            if (!$util.isObject(object.filterChainMatch))
                                throw $TypeError(".envoy.config.listener.v3.FilterChain.filterChainMatch: object expected");
                            message.filterChainMatch = $root.envoy.config.listener.v3.FilterChainMatch.fromObject(object.filterChainMatch, _depth + 1);
                        }
                        if (object.filters) {
                            if (!$Array.isArray(object.filters))
                                throw $TypeError(".envoy.config.listener.v3.FilterChain.filters: array expected");
                            message.filters = $Array(object.filters.length);
                            for (let i = 0; i < object.filters.length; ++i) {
                                if (!$util.isObject(object.filters[i]))
                                    throw $TypeError(".envoy.config.listener.v3.FilterChain.filters: object expected");
                                message.filters[i] = $root.envoy.config.listener.v3.Filter.fromObject(object.filters[i], _depth + 1);
                            }
                        }
                        if (object.name != null)
                            if (typeof object.name !== "string" || object.name.length)
                                message.name = $String(object.name);
                        return message;
                    };

                    FilterChain.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.arrays || options.defaults)
                            object.filters = [];
                        if (options.defaults) {
                            object.filterChainMatch = null;
                            object.name = "";
                        }
                        if (message.filterChainMatch != null && $Object.hasOwnProperty.call(message, "filterChainMatch"))
                            object.filterChainMatch = $root.envoy.config.listener.v3.FilterChainMatch.toObject(message.filterChainMatch, options, _depth + 1);
                        if (message.filters && message.filters.length) {
                            object.filters = $Array(message.filters.length);
                            for (let j = 0; j < message.filters.length; ++j)
                                object.filters[j] = $root.envoy.config.listener.v3.Filter.toObject(message.filters[j], options, _depth + 1);
                        }
                        if (message.name != null && $Object.hasOwnProperty.call(message, "name"))
                            object.name = message.name;
                        return object;
                    };

                    FilterChain.prototype.toJSON = function() {
                        return FilterChain.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return FilterChain;
                })();

                v3.FilterChainMatch = (function() {

                    const FilterChainMatch = function (properties) {
                        this.applicationProtocols = [];
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    FilterChainMatch.prototype.transportProtocol = "";
                    FilterChainMatch.prototype.applicationProtocols = $util.emptyArray;

                    FilterChainMatch.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.transportProtocol != null && $Object.hasOwnProperty.call(message, "transportProtocol") && message.transportProtocol !== "")
                            writer.uint32(74).string(message.transportProtocol);
                        if (message.applicationProtocols != null && message.applicationProtocols.length)
                            for (let i = 0; i < message.applicationProtocols.length; ++i)
                                writer.uint32(82).string(message.applicationProtocols[i]);
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    FilterChainMatch.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.config.listener.v3.FilterChainMatch();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 9: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.transportProtocol = value;
                                    else
                                        delete message.transportProtocol;
                                    continue;
                                }
                            case 10: {
                                    if (wireType !== 2)
                                        break;
                                    if (!(message.applicationProtocols && message.applicationProtocols.length))
                                        message.applicationProtocols = [];
                                    message.applicationProtocols.push(reader.stringVerify());
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    FilterChainMatch.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.config.listener.v3.FilterChainMatch)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.config.listener.v3.FilterChainMatch: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.config.listener.v3.FilterChainMatch();
                        if (object.transportProtocol != null)
                            if (typeof object.transportProtocol !== "string" || object.transportProtocol.length)
                                message.transportProtocol = $String(object.transportProtocol);
                        if (object.applicationProtocols) {
                            if (!$Array.isArray(object.applicationProtocols))
                                throw $TypeError(".envoy.config.listener.v3.FilterChainMatch.applicationProtocols: array expected");
                            message.applicationProtocols = $Array(object.applicationProtocols.length);
                            for (let i = 0; i < object.applicationProtocols.length; ++i)
                                message.applicationProtocols[i] = $String(object.applicationProtocols[i]);
                        }
                        return message;
                    };

                    FilterChainMatch.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.arrays || options.defaults)
                            object.applicationProtocols = [];
                        if (options.defaults)
                            object.transportProtocol = "";
                        if (message.transportProtocol != null && $Object.hasOwnProperty.call(message, "transportProtocol"))
                            object.transportProtocol = message.transportProtocol;
                        if (message.applicationProtocols && message.applicationProtocols.length) {
                            object.applicationProtocols = $Array(message.applicationProtocols.length);
                            for (let j = 0; j < message.applicationProtocols.length; ++j)
                                object.applicationProtocols[j] = message.applicationProtocols[j];
                        }
                        return object;
                    };

                    FilterChainMatch.prototype.toJSON = function() {
                        return FilterChainMatch.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return FilterChainMatch;
                })();

                v3.Filter = (function() {

                    const Filter = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    Filter.prototype.name = "";
                    Filter.prototype.typedConfig = null;

                    let $oneOfFields;

                    $Object.defineProperty(Filter.prototype, "configType", {
                        get: $util.oneOfGetter($oneOfFields = ["typedConfig"]),
                        set: $util.oneOfSetter($oneOfFields)
                    });

                    Filter.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                            writer.uint32(10).string(message.name);
                        if (message.typedConfig != null && $Object.hasOwnProperty.call(message, "typedConfig"))
                            $root.google.protobuf.Any.encode(message.typedConfig, writer.uint32(34).fork(), _depth + 1).ldelim();
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    Filter.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.config.listener.v3.Filter();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.name = value;
                                    else
                                        delete message.name;
                                    continue;
                                }
                            case 4: {
                                    if (wireType !== 2)
                                        break;
                                    message.typedConfig = $root.google.protobuf.Any.decode(reader, reader.size(), $undefined, _depth + 1, message.typedConfig);
                                    message.configType = "typedConfig";
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    Filter.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.config.listener.v3.Filter)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.config.listener.v3.Filter: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.config.listener.v3.Filter();
                        if (object.name != null)
                            if (typeof object.name !== "string" || object.name.length)
                                message.name = $String(object.name);
                        if (object.typedConfig != null) {
                            if (!$util.isObject(object.typedConfig))
                                throw $TypeError(".envoy.config.listener.v3.Filter.typedConfig: object expected");
                            message.typedConfig = $root.google.protobuf.Any.fromObject(object.typedConfig, _depth + 1);
                        }
                        return message;
                    };

                    Filter.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.defaults)
                            object.name = "";
                        if (message.name != null && $Object.hasOwnProperty.call(message, "name"))
                            object.name = message.name;
                        if (message.typedConfig != null && $Object.hasOwnProperty.call(message, "typedConfig")) {
                            object.typedConfig = $root.google.protobuf.Any.toObject(message.typedConfig, options, _depth + 1);
                            if (options.oneofs)
                                object.configType = "typedConfig";
                        }
                        return object;
                    };

                    Filter.prototype.toJSON = function() {
                        return Filter.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return Filter;
                })();

                return v3;
            })();

            return listener;
        })();

        return config;
    })();

    envoy.type = (function() {

        const type = {};

        type.matcher = (function() {

            const matcher = {};

            matcher.v3 = (function() {

                const v3 = {};

                v3.RegexMatcher = (function() {

                    const RegexMatcher = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    RegexMatcher.prototype.regex = "";

                    RegexMatcher.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.regex != null && $Object.hasOwnProperty.call(message, "regex") && message.regex !== "")
                            writer.uint32(18).string(message.regex);
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    RegexMatcher.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.type.matcher.v3.RegexMatcher();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 2: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.regex = value;
                                    else
                                        delete message.regex;
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    RegexMatcher.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.type.matcher.v3.RegexMatcher)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.type.matcher.v3.RegexMatcher: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.type.matcher.v3.RegexMatcher();
                        if (object.regex != null)
                            if (typeof object.regex !== "string" || object.regex.length)
                                message.regex = $String(object.regex);
                        return message;
                    };

                    RegexMatcher.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.defaults)
                            object.regex = "";
                        if (message.regex != null && $Object.hasOwnProperty.call(message, "regex"))
                            object.regex = message.regex;
                        return object;
                    };

                    RegexMatcher.prototype.toJSON = function() {
                        return RegexMatcher.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return RegexMatcher;
                })();

                v3.StringMatcher = (function() {

                    const StringMatcher = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    StringMatcher.prototype.exact = null;
                    StringMatcher.prototype.safeRegex = null;
                    StringMatcher.prototype.ignoreCase = false;

                    let $oneOfFields;

                    $Object.defineProperty(StringMatcher.prototype, "matchPattern", {
                        get: $util.oneOfGetter($oneOfFields = ["exact", "safeRegex"]),
                        set: $util.oneOfSetter($oneOfFields)
                    });

                    StringMatcher.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.exact != null && $Object.hasOwnProperty.call(message, "exact"))
                            writer.uint32(10).string(message.exact);
                        if (message.safeRegex != null && $Object.hasOwnProperty.call(message, "safeRegex"))
                            $root.envoy.type.matcher.v3.RegexMatcher.encode(message.safeRegex, writer.uint32(42).fork(), _depth + 1).ldelim();
                        if (message.ignoreCase != null && $Object.hasOwnProperty.call(message, "ignoreCase") && message.ignoreCase !== false)
                            writer.uint32(48).bool(message.ignoreCase);
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    StringMatcher.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.envoy.type.matcher.v3.StringMatcher();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    message.exact = reader.stringVerify();
                                    message.matchPattern = "exact";
                                    continue;
                                }
                            case 5: {
                                    if (wireType !== 2)
                                        break;
                                    message.safeRegex = $root.envoy.type.matcher.v3.RegexMatcher.decode(reader, reader.size(), $undefined, _depth + 1, message.safeRegex);
                                    message.matchPattern = "safeRegex";
                                    continue;
                                }
                            case 6: {
                                    if (wireType !== 0)
                                        break;
                                    if (value = reader.bool())
                                        message.ignoreCase = value;
                                    else
                                        delete message.ignoreCase;
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    StringMatcher.fromObject = function (object, _depth) {
                        if (object instanceof $root.envoy.type.matcher.v3.StringMatcher)
                            return object;
                        if (!$util.isObject(object))
                            throw $TypeError(".envoy.type.matcher.v3.StringMatcher: object expected");
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let message = new $root.envoy.type.matcher.v3.StringMatcher();
                        if (object.exact != null)
                            message.exact = $String(object.exact);
                        if (object.safeRegex != null) {
                            if (!$util.isObject(object.safeRegex))
                                throw $TypeError(".envoy.type.matcher.v3.StringMatcher.safeRegex: object expected");
                            message.safeRegex = $root.envoy.type.matcher.v3.RegexMatcher.fromObject(object.safeRegex, _depth + 1);
                        }
                        if (object.ignoreCase != null)
                            if (object.ignoreCase)
                                message.ignoreCase = $Boolean(object.ignoreCase);
                        return message;
                    };

                    StringMatcher.toObject = function (message, options, _depth) {
                        if (!options)
                            options = {};
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        let object = {};
                        if (options.defaults)
                            object.ignoreCase = false;
                        if (message.exact != null && $Object.hasOwnProperty.call(message, "exact")) {
                            object.exact = message.exact;
                            if (options.oneofs)
                                object.matchPattern = "exact";
                        }
                        if (message.safeRegex != null && $Object.hasOwnProperty.call(message, "safeRegex")) {
                            object.safeRegex = $root.envoy.type.matcher.v3.RegexMatcher.toObject(message.safeRegex, options, _depth + 1);
                            if (options.oneofs)
                                object.matchPattern = "safeRegex";
                        }
                        if (message.ignoreCase != null && $Object.hasOwnProperty.call(message, "ignoreCase"))
                            object.ignoreCase = message.ignoreCase;
                        return object;
                    };

                    StringMatcher.prototype.toJSON = function() {
                        return StringMatcher.toObject(this, $protobuf.util.toJSONOptions);
                    };

                    return StringMatcher;
                })();

                return v3;
            })();

            return matcher;
        })();

        return type;
    })();

    envoy.extensions = (function() {

        const extensions = {};

        extensions.filters = (function() {

            const filters = {};

            filters.network = (function() {

                const network = {};

                network.http_connection_manager = (function() {

                    const http_connection_manager = {};

                    http_connection_manager.v3 = (function() {

                        const v3 = {};

                        v3.HttpConnectionManager = (function() {

                            const HttpConnectionManager = function (properties) {
                                this.httpFilters = [];
                                if (properties)
                                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                            this[keys[i]] = properties[keys[i]];
                            };

                            HttpConnectionManager.prototype.statPrefix = "";
                            HttpConnectionManager.prototype.routeConfig = null;
                            HttpConnectionManager.prototype.httpFilters = $util.emptyArray;
                            HttpConnectionManager.prototype.useRemoteAddress = null;
                            HttpConnectionManager.prototype.xffNumTrustedHops = 0;
                            HttpConnectionManager.prototype.skipXffAppend = false;
                            HttpConnectionManager.prototype.streamIdleTimeout = null;
                            HttpConnectionManager.prototype.normalizePath = null;
                            HttpConnectionManager.prototype.mergeSlashes = false;
                            HttpConnectionManager.prototype.pathWithEscapedSlashesAction = 0;

                            let $oneOfFields;

                            $Object.defineProperty(HttpConnectionManager.prototype, "routeSpecifier", {
                                get: $util.oneOfGetter($oneOfFields = ["routeConfig"]),
                                set: $util.oneOfSetter($oneOfFields)
                            });

                            HttpConnectionManager.encode = function (message, writer, _depth) {
                                if (!writer)
                                    writer = $Writer.create();
                                if (_depth === $undefined)
                                    _depth = 0;
                                if (_depth > $util.recursionLimit)
                                    throw $Error("max depth exceeded");
                                if (message.statPrefix != null && $Object.hasOwnProperty.call(message, "statPrefix") && message.statPrefix !== "")
                                    writer.uint32(18).string(message.statPrefix);
                                if (message.routeConfig != null && $Object.hasOwnProperty.call(message, "routeConfig"))
                                    $root.envoy.config.route.v3.RouteConfiguration.encode(message.routeConfig, writer.uint32(34).fork(), _depth + 1).ldelim();
                                if (message.httpFilters != null && message.httpFilters.length)
                                    for (let i = 0; i < message.httpFilters.length; ++i)
                                        $root.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter.encode(message.httpFilters[i], writer.uint32(42).fork(), _depth + 1).ldelim();
                                if (message.useRemoteAddress != null && $Object.hasOwnProperty.call(message, "useRemoteAddress"))
                                    $root.google.protobuf.BoolValue.encode(message.useRemoteAddress, writer.uint32(114).fork(), _depth + 1).ldelim();
                                if (message.xffNumTrustedHops != null && $Object.hasOwnProperty.call(message, "xffNumTrustedHops") && message.xffNumTrustedHops !== 0)
                                    writer.uint32(152).uint32(message.xffNumTrustedHops);
                                if (message.skipXffAppend != null && $Object.hasOwnProperty.call(message, "skipXffAppend") && message.skipXffAppend !== false)
                                    writer.uint32(168).bool(message.skipXffAppend);
                                if (message.streamIdleTimeout != null && $Object.hasOwnProperty.call(message, "streamIdleTimeout"))
                                    $root.google.protobuf.Duration.encode(message.streamIdleTimeout, writer.uint32(194).fork(), _depth + 1).ldelim();
                                if (message.normalizePath != null && $Object.hasOwnProperty.call(message, "normalizePath"))
                                    $root.google.protobuf.BoolValue.encode(message.normalizePath, writer.uint32(242).fork(), _depth + 1).ldelim();
                                if (message.mergeSlashes != null && $Object.hasOwnProperty.call(message, "mergeSlashes") && message.mergeSlashes !== false)
                                    writer.uint32(264).bool(message.mergeSlashes);
                                if (message.pathWithEscapedSlashesAction != null && $Object.hasOwnProperty.call(message, "pathWithEscapedSlashesAction") && message.pathWithEscapedSlashesAction !== 0)
                                    writer.uint32(360).int32(message.pathWithEscapedSlashesAction);
                                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                                    for (let i = 0; i < message.$unknowns.length; ++i)
                                        writer.raw(message.$unknowns[i]);
                                return writer;
                            };

                            HttpConnectionManager.decode = function (reader, length, _end, _depth, _target) {
                                if (!(reader instanceof $Reader))
                                    reader = $Reader.create(reader);
                                if (_depth === $undefined)
                                    _depth = 0;
                                if (_depth > $Reader.recursionLimit)
                                    throw $Error("max depth exceeded");
                                let end, message, value;
                                if (length === $undefined)
                                    end = reader.len;
                                else {
                                    end = reader.pos + length;
                                    if (end > reader.len)
                                        throw $RangeError("index out of range");
                                    length = reader.len;
                                    reader.len = end;
                                }
                                message = _target || new $root.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager();
                                while (reader.pos < end) {
                                    let start = reader.pos;
                                    let tag = reader.tag();
                                    if (tag === _end) {
                                        _end = $undefined;
                                        break;
                                    }
                                    let wireType = tag & 7;
                                    switch (tag >>>= 3) {
                                    case 2: {
                                            if (wireType !== 2)
                                                break;
                                            if ((value = reader.stringVerify()).length)
                                                message.statPrefix = value;
                                            else
                                                delete message.statPrefix;
                                            continue;
                                        }
                                    case 4: {
                                            if (wireType !== 2)
                                                break;
                                            message.routeConfig = $root.envoy.config.route.v3.RouteConfiguration.decode(reader, reader.size(), $undefined, _depth + 1, message.routeConfig);
                                            message.routeSpecifier = "routeConfig";
                                            continue;
                                        }
                                    case 5: {
                                            if (wireType !== 2)
                                                break;
                                            if (!(message.httpFilters && message.httpFilters.length))
                                                message.httpFilters = [];
                                            message.httpFilters.push($root.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter.decode(reader, reader.size(), $undefined, _depth + 1));
                                            continue;
                                        }
                                    case 14: {
                                            if (wireType !== 2)
                                                break;
                                            message.useRemoteAddress = $root.google.protobuf.BoolValue.decode(reader, reader.size(), $undefined, _depth + 1, message.useRemoteAddress);
                                            continue;
                                        }
                                    case 19: {
                                            if (wireType !== 0)
                                                break;
                                            if (value = reader.uint32())
                                                message.xffNumTrustedHops = value;
                                            else
                                                delete message.xffNumTrustedHops;
                                            continue;
                                        }
                                    case 21: {
                                            if (wireType !== 0)
                                                break;
                                            if (value = reader.bool())
                                                message.skipXffAppend = value;
                                            else
                                                delete message.skipXffAppend;
                                            continue;
                                        }
                                    case 24: {
                                            if (wireType !== 2)
                                                break;
                                            message.streamIdleTimeout = $root.google.protobuf.Duration.decode(reader, reader.size(), $undefined, _depth + 1, message.streamIdleTimeout);
                                            continue;
                                        }
                                    case 30: {
                                            if (wireType !== 2)
                                                break;
                                            message.normalizePath = $root.google.protobuf.BoolValue.decode(reader, reader.size(), $undefined, _depth + 1, message.normalizePath);
                                            continue;
                                        }
                                    case 33: {
                                            if (wireType !== 0)
                                                break;
                                            if (value = reader.bool())
                                                message.mergeSlashes = value;
                                            else
                                                delete message.mergeSlashes;
                                            continue;
                                        }
                                    case 45: {
                                            if (wireType !== 0)
                                                break;
                                            if (value = reader.int32())
                                                message.pathWithEscapedSlashesAction = value;
                                            else
                                                delete message.pathWithEscapedSlashesAction;
                                            continue;
                                        }
                                    }
                                    reader.skipType(wireType, _depth, tag);
                                    if (!reader.discardUnknown) {
                                        $util.makeProp(message, "$unknowns", false);
                                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                                    }
                                }
                                if (length !== $undefined) {
                                    if (reader.pos !== end)
                                        throw $RangeError("index out of range");
                                    reader.len = length;
                                }
                                if (_end !== $undefined)
                                    throw $Error("missing end group");
                                return message;
                            };

                            HttpConnectionManager.fromObject = function (object, _depth) {
                                if (object instanceof $root.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager)
                                    return object;
                                if (!$util.isObject(object))
                                    throw $TypeError(".envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager: object expected");
                                if (_depth === $undefined)
                                    _depth = 0;
                                if (_depth > $util.recursionLimit)
                                    throw $Error("max depth exceeded");
                                let message = new $root.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager();
                                if (object.statPrefix != null)
                                    if (typeof object.statPrefix !== "string" || object.statPrefix.length)
                                        message.statPrefix = $String(object.statPrefix);
                                if (object.routeConfig != null) {
                                    if (!$util.isObject(object.routeConfig))
                                        throw $TypeError(".envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.routeConfig: object expected");
                                    message.routeConfig = $root.envoy.config.route.v3.RouteConfiguration.fromObject(object.routeConfig, _depth + 1);
                                }
                                if (object.httpFilters) {
                                    if (!$Array.isArray(object.httpFilters))
                                        throw $TypeError(".envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.httpFilters: array expected");
                                    message.httpFilters = $Array(object.httpFilters.length);
                                    for (let i = 0; i < object.httpFilters.length; ++i) {
                                        if (!$util.isObject(object.httpFilters[i]))
                                            throw $TypeError(".envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.httpFilters: object expected");
                                        message.httpFilters[i] = $root.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter.fromObject(object.httpFilters[i], _depth + 1);
                                    }
                                }
                                if (object.useRemoteAddress != null) {
                                    if (!$util.isObject(object.useRemoteAddress))
                                        throw $TypeError(".envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.useRemoteAddress: object expected");
                                    message.useRemoteAddress = $root.google.protobuf.BoolValue.fromObject(object.useRemoteAddress, _depth + 1);
                                }
                                if (object.xffNumTrustedHops != null)
                                    if ($Number(object.xffNumTrustedHops) !== 0)
                                        message.xffNumTrustedHops = object.xffNumTrustedHops >>> 0;
                                if (object.skipXffAppend != null)
                                    if (object.skipXffAppend)
                                        message.skipXffAppend = $Boolean(object.skipXffAppend);
                                if (object.streamIdleTimeout != null) {
                                    if (!$util.isObject(object.streamIdleTimeout))
                                        throw $TypeError(".envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.streamIdleTimeout: object expected");
                                    message.streamIdleTimeout = $root.google.protobuf.Duration.fromObject(object.streamIdleTimeout, _depth + 1);
                                }
                                if (object.normalizePath != null) {
                                    if (!$util.isObject(object.normalizePath))
                                        throw $TypeError(".envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.normalizePath: object expected");
                                    message.normalizePath = $root.google.protobuf.BoolValue.fromObject(object.normalizePath, _depth + 1);
                                }
                                if (object.mergeSlashes != null)
                                    if (object.mergeSlashes)
                                        message.mergeSlashes = $Boolean(object.mergeSlashes);
                                if (object.pathWithEscapedSlashesAction !== 0 && (typeof object.pathWithEscapedSlashesAction !== "string" || $root.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.PathWithEscapedSlashesAction[object.pathWithEscapedSlashesAction] !== 0))
                                    switch (object.pathWithEscapedSlashesAction) {
                                    case "IMPLEMENTATION_SPECIFIC_DEFAULT":
                                    case 0:
                                        message.pathWithEscapedSlashesAction = 0;
                                        break;
                                    case "KEEP_UNCHANGED":
                                    case 1:
                                        message.pathWithEscapedSlashesAction = 1;
                                        break;
                                    case "REJECT_REQUEST":
                                    case 2:
                                        message.pathWithEscapedSlashesAction = 2;
                                        break;
                                    case "UNESCAPE_AND_REDIRECT":
                                    case 3:
                                        message.pathWithEscapedSlashesAction = 3;
                                        break;
                                    case "UNESCAPE_AND_FORWARD":
                                    case 4:
                                        message.pathWithEscapedSlashesAction = 4;
                                        break;
                                    default:
                                        if (typeof object.pathWithEscapedSlashesAction === "number" && (object.pathWithEscapedSlashesAction | 0) === object.pathWithEscapedSlashesAction)
                                            message.pathWithEscapedSlashesAction = object.pathWithEscapedSlashesAction;
                                    }
                                return message;
                            };

                            HttpConnectionManager.toObject = function (message, options, _depth) {
                                if (!options)
                                    options = {};
                                if (_depth === $undefined)
                                    _depth = 0;
                                if (_depth > $util.recursionLimit)
                                    throw $Error("max depth exceeded");
                                let object = {};
                                if (options.arrays || options.defaults)
                                    object.httpFilters = [];
                                if (options.defaults) {
                                    object.statPrefix = "";
                                    object.useRemoteAddress = null;
                                    object.xffNumTrustedHops = 0;
                                    object.skipXffAppend = false;
                                    object.streamIdleTimeout = null;
                                    object.normalizePath = null;
                                    object.mergeSlashes = false;
                                    object.pathWithEscapedSlashesAction = options.enums === $String ? "IMPLEMENTATION_SPECIFIC_DEFAULT" : 0;
                                }
                                if (message.statPrefix != null && $Object.hasOwnProperty.call(message, "statPrefix"))
                                    object.statPrefix = message.statPrefix;
                                if (message.routeConfig != null && $Object.hasOwnProperty.call(message, "routeConfig")) {
                                    object.routeConfig = $root.envoy.config.route.v3.RouteConfiguration.toObject(message.routeConfig, options, _depth + 1);
                                    if (options.oneofs)
                                        object.routeSpecifier = "routeConfig";
                                }
                                if (message.httpFilters && message.httpFilters.length) {
                                    object.httpFilters = $Array(message.httpFilters.length);
                                    for (let j = 0; j < message.httpFilters.length; ++j)
                                        object.httpFilters[j] = $root.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter.toObject(message.httpFilters[j], options, _depth + 1);
                                }
                                if (message.useRemoteAddress != null && $Object.hasOwnProperty.call(message, "useRemoteAddress"))
                                    object.useRemoteAddress = $root.google.protobuf.BoolValue.toObject(message.useRemoteAddress, options, _depth + 1);
                                if (message.xffNumTrustedHops != null && $Object.hasOwnProperty.call(message, "xffNumTrustedHops"))
                                    object.xffNumTrustedHops = message.xffNumTrustedHops;
                                if (message.skipXffAppend != null && $Object.hasOwnProperty.call(message, "skipXffAppend"))
                                    object.skipXffAppend = message.skipXffAppend;
                                if (message.streamIdleTimeout != null && $Object.hasOwnProperty.call(message, "streamIdleTimeout"))
                                    object.streamIdleTimeout = $root.google.protobuf.Duration.toObject(message.streamIdleTimeout, options, _depth + 1);
                                if (message.normalizePath != null && $Object.hasOwnProperty.call(message, "normalizePath"))
                                    object.normalizePath = $root.google.protobuf.BoolValue.toObject(message.normalizePath, options, _depth + 1);
                                if (message.mergeSlashes != null && $Object.hasOwnProperty.call(message, "mergeSlashes"))
                                    object.mergeSlashes = message.mergeSlashes;
                                if (message.pathWithEscapedSlashesAction != null && $Object.hasOwnProperty.call(message, "pathWithEscapedSlashesAction"))
                                    object.pathWithEscapedSlashesAction = options.enums === $String ? $root.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.PathWithEscapedSlashesAction[message.pathWithEscapedSlashesAction] === $undefined ? message.pathWithEscapedSlashesAction : $root.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.PathWithEscapedSlashesAction[message.pathWithEscapedSlashesAction] : message.pathWithEscapedSlashesAction;
                                return object;
                            };

                            HttpConnectionManager.prototype.toJSON = function() {
                                return HttpConnectionManager.toObject(this, $protobuf.util.toJSONOptions);
                            };

                            HttpConnectionManager.PathWithEscapedSlashesAction = (function() {
                                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                                values[valuesById[0] = "IMPLEMENTATION_SPECIFIC_DEFAULT"] = 0;
                                values[valuesById[1] = "KEEP_UNCHANGED"] = 1;
                                values[valuesById[2] = "REJECT_REQUEST"] = 2;
                                values[valuesById[3] = "UNESCAPE_AND_REDIRECT"] = 3;
                                values[valuesById[4] = "UNESCAPE_AND_FORWARD"] = 4;
                                return values;
                            })();

                            return HttpConnectionManager;
                        })();

                        v3.HttpFilter = (function() {

                            const HttpFilter = function (properties) {
                                if (properties)
                                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                            this[keys[i]] = properties[keys[i]];
                            };

                            HttpFilter.prototype.name = "";
                            HttpFilter.prototype.typedConfig = null;

                            let $oneOfFields;

                            $Object.defineProperty(HttpFilter.prototype, "configType", {
                                get: $util.oneOfGetter($oneOfFields = ["typedConfig"]),
                                set: $util.oneOfSetter($oneOfFields)
                            });

                            HttpFilter.encode = function (message, writer, _depth) {
                                if (!writer)
                                    writer = $Writer.create();
                                if (_depth === $undefined)
                                    _depth = 0;
                                if (_depth > $util.recursionLimit)
                                    throw $Error("max depth exceeded");
                                if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                                    writer.uint32(10).string(message.name);
                                if (message.typedConfig != null && $Object.hasOwnProperty.call(message, "typedConfig"))
                                    $root.google.protobuf.Any.encode(message.typedConfig, writer.uint32(34).fork(), _depth + 1).ldelim();
                                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                                    for (let i = 0; i < message.$unknowns.length; ++i)
                                        writer.raw(message.$unknowns[i]);
                                return writer;
                            };

                            HttpFilter.decode = function (reader, length, _end, _depth, _target) {
                                if (!(reader instanceof $Reader))
                                    reader = $Reader.create(reader);
                                if (_depth === $undefined)
                                    _depth = 0;
                                if (_depth > $Reader.recursionLimit)
                                    throw $Error("max depth exceeded");
                                let end, message, value;
                                if (length === $undefined)
                                    end = reader.len;
                                else {
                                    end = reader.pos + length;
                                    if (end > reader.len)
                                        throw $RangeError("index out of range");
                                    length = reader.len;
                                    reader.len = end;
                                }
                                message = _target || new $root.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter();
                                while (reader.pos < end) {
                                    let start = reader.pos;
                                    let tag = reader.tag();
                                    if (tag === _end) {
                                        _end = $undefined;
                                        break;
                                    }
                                    let wireType = tag & 7;
                                    switch (tag >>>= 3) {
                                    case 1: {
                                            if (wireType !== 2)
                                                break;
                                            if ((value = reader.stringVerify()).length)
                                                message.name = value;
                                            else
                                                delete message.name;
                                            continue;
                                        }
                                    case 4: {
                                            if (wireType !== 2)
                                                break;
                                            message.typedConfig = $root.google.protobuf.Any.decode(reader, reader.size(), $undefined, _depth + 1, message.typedConfig);
                                            message.configType = "typedConfig";
                                            continue;
                                        }
                                    }
                                    reader.skipType(wireType, _depth, tag);
                                    if (!reader.discardUnknown) {
                                        $util.makeProp(message, "$unknowns", false);
                                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                                    }
                                }
                                if (length !== $undefined) {
                                    if (reader.pos !== end)
                                        throw $RangeError("index out of range");
                                    reader.len = length;
                                }
                                if (_end !== $undefined)
                                    throw $Error("missing end group");
                                return message;
                            };

                            HttpFilter.fromObject = function (object, _depth) {
                                if (object instanceof $root.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter)
                                    return object;
                                if (!$util.isObject(object))
                                    throw $TypeError(".envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter: object expected");
                                if (_depth === $undefined)
                                    _depth = 0;
                                if (_depth > $util.recursionLimit)
                                    throw $Error("max depth exceeded");
                                let message = new $root.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter();
                                if (object.name != null)
                                    if (typeof object.name !== "string" || object.name.length)
                                        message.name = $String(object.name);
                                if (object.typedConfig != null) {
                                    if (!$util.isObject(object.typedConfig))
                                        throw $TypeError(".envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter.typedConfig: object expected");
                                    message.typedConfig = $root.google.protobuf.Any.fromObject(object.typedConfig, _depth + 1);
                                }
                                return message;
                            };

                            HttpFilter.toObject = function (message, options, _depth) {
                                if (!options)
                                    options = {};
                                if (_depth === $undefined)
                                    _depth = 0;
                                if (_depth > $util.recursionLimit)
                                    throw $Error("max depth exceeded");
                                let object = {};
                                if (options.defaults)
                                    object.name = "";
                                if (message.name != null && $Object.hasOwnProperty.call(message, "name"))
                                    object.name = message.name;
                                if (message.typedConfig != null && $Object.hasOwnProperty.call(message, "typedConfig")) {
                                    object.typedConfig = $root.google.protobuf.Any.toObject(message.typedConfig, options, _depth + 1);
                                    if (options.oneofs)
                                        object.configType = "typedConfig";
                                }
                                return object;
                            };

                            HttpFilter.prototype.toJSON = function() {
                                return HttpFilter.toObject(this, $protobuf.util.toJSONOptions);
                            };

                            return HttpFilter;
                        })();

                        return v3;
                    })();

                    return http_connection_manager;
                })();

                return network;
            })();

            filters.http = (function() {

                const http = {};

                http.router = (function() {

                    const router = {};

                    router.v3 = (function() {

                        const v3 = {};

                        v3.Router = (function() {

                            const Router = function (properties) {
                                if (properties)
                                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                            this[keys[i]] = properties[keys[i]];
                            };

                            Router.encode = function (message, writer, _depth) {
                                if (!writer)
                                    writer = $Writer.create();
                                if (_depth === $undefined)
                                    _depth = 0;
                                if (_depth > $util.recursionLimit)
                                    throw $Error("max depth exceeded");
                                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                                    for (let i = 0; i < message.$unknowns.length; ++i)
                                        writer.raw(message.$unknowns[i]);
                                return writer;
                            };

                            Router.decode = function (reader, length, _end, _depth, _target) {
                                if (!(reader instanceof $Reader))
                                    reader = $Reader.create(reader);
                                if (_depth === $undefined)
                                    _depth = 0;
                                if (_depth > $Reader.recursionLimit)
                                    throw $Error("max depth exceeded");
                                let end, message;
                                if (length === $undefined)
                                    end = reader.len;
                                else {
                                    end = reader.pos + length;
                                    if (end > reader.len)
                                        throw $RangeError("index out of range");
                                    length = reader.len;
                                    reader.len = end;
                                }
                                message = _target || new $root.envoy.extensions.filters.http.router.v3.Router();
                                while (reader.pos < end) {
                                    let start = reader.pos;
                                    let tag = reader.tag();
                                    if (tag === _end) {
                                        _end = $undefined;
                                        break;
                                    }
                                    reader.skipType(tag & 7, _depth, tag);
                                    if (!reader.discardUnknown) {
                                        $util.makeProp(message, "$unknowns", false);
                                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                                    }
                                }
                                if (length !== $undefined) {
                                    if (reader.pos !== end)
                                        throw $RangeError("index out of range");
                                    reader.len = length;
                                }
                                if (_end !== $undefined)
                                    throw $Error("missing end group");
                                return message;
                            };

                            Router.fromObject = function (object, _depth) {
                                if (object instanceof $root.envoy.extensions.filters.http.router.v3.Router)
                                    return object;
                                if (!$util.isObject(object))
                                    throw $TypeError(".envoy.extensions.filters.http.router.v3.Router: object expected");
                                if (_depth === $undefined)
                                    _depth = 0;
                                if (_depth > $util.recursionLimit)
                                    throw $Error("max depth exceeded");
                                return new $root.envoy.extensions.filters.http.router.v3.Router();
                            };

                            Router.toObject = function () {
                                return {};
                            };

                            Router.prototype.toJSON = function() {
                                return Router.toObject(this, $protobuf.util.toJSONOptions);
                            };

                            return Router;
                        })();

                        return v3;
                    })();

                    return router;
                })();

                return http;
            })();

            filters.listener = (function() {

                const listener = {};

                listener.tls_inspector = (function() {

                    const tls_inspector = {};

                    tls_inspector.v3 = (function() {

                        const v3 = {};

                        v3.TlsInspector = (function() {

                            const TlsInspector = function (properties) {
                                if (properties)
                                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                            this[keys[i]] = properties[keys[i]];
                            };

                            TlsInspector.encode = function (message, writer, _depth) {
                                if (!writer)
                                    writer = $Writer.create();
                                if (_depth === $undefined)
                                    _depth = 0;
                                if (_depth > $util.recursionLimit)
                                    throw $Error("max depth exceeded");
                                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                                    for (let i = 0; i < message.$unknowns.length; ++i)
                                        writer.raw(message.$unknowns[i]);
                                return writer;
                            };

                            TlsInspector.decode = function (reader, length, _end, _depth, _target) {
                                if (!(reader instanceof $Reader))
                                    reader = $Reader.create(reader);
                                if (_depth === $undefined)
                                    _depth = 0;
                                if (_depth > $Reader.recursionLimit)
                                    throw $Error("max depth exceeded");
                                let end, message;
                                if (length === $undefined)
                                    end = reader.len;
                                else {
                                    end = reader.pos + length;
                                    if (end > reader.len)
                                        throw $RangeError("index out of range");
                                    length = reader.len;
                                    reader.len = end;
                                }
                                message = _target || new $root.envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector();
                                while (reader.pos < end) {
                                    let start = reader.pos;
                                    let tag = reader.tag();
                                    if (tag === _end) {
                                        _end = $undefined;
                                        break;
                                    }
                                    reader.skipType(tag & 7, _depth, tag);
                                    if (!reader.discardUnknown) {
                                        $util.makeProp(message, "$unknowns", false);
                                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                                    }
                                }
                                if (length !== $undefined) {
                                    if (reader.pos !== end)
                                        throw $RangeError("index out of range");
                                    reader.len = length;
                                }
                                if (_end !== $undefined)
                                    throw $Error("missing end group");
                                return message;
                            };

                            TlsInspector.fromObject = function (object, _depth) {
                                if (object instanceof $root.envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector)
                                    return object;
                                if (!$util.isObject(object))
                                    throw $TypeError(".envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector: object expected");
                                if (_depth === $undefined)
                                    _depth = 0;
                                if (_depth > $util.recursionLimit)
                                    throw $Error("max depth exceeded");
                                return new $root.envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector();
                            };

                            TlsInspector.toObject = function () {
                                return {};
                            };

                            TlsInspector.prototype.toJSON = function() {
                                return TlsInspector.toObject(this, $protobuf.util.toJSONOptions);
                            };

                            return TlsInspector;
                        })();

                        return v3;
                    })();

                    return tls_inspector;
                })();

                return listener;
            })();

            return filters;
        })();

        return extensions;
    })();

    return envoy;
})();

export const google = $root.google = (() => {

    const google = {};

    google.protobuf = (function() {

        const protobuf = {};

        protobuf.Any = (function() {

            const Any = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            Any.prototype.type_url = "";
            Any.prototype.value = $util.newBuffer([]);

            Any.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.type_url != null && $Object.hasOwnProperty.call(message, "type_url") && message.type_url !== "")
                    writer.uint32(10).string(message.type_url);
                if (message.value != null && $Object.hasOwnProperty.call(message, "value") && message.value.length)
                    writer.uint32(18).bytes(message.value);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            Any.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.google.protobuf.Any();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.type_url = value;
                            else
                                delete message.type_url;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.value = value;
                            else
                                delete message.value;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            Any.fromObject = function (object, _depth) {
                if (object instanceof $root.google.protobuf.Any)
                    return object;
                if (!$util.isObject(object))
                    throw $TypeError(".google.protobuf.Any: object expected");
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let message = new $root.google.protobuf.Any();
                if (object.type_url != null)
                    if (typeof object.type_url !== "string" || object.type_url.length)
                        message.type_url = $String(object.type_url);
                if (object.value != null)
                    if (object.value.length)
                        if (typeof object.value === "string")
                            $util.base64.decode(object.value, message.value = $util.newBuffer($util.base64.length(object.value)), 0);
                        else if (object.value.length >= 0)
                            message.value = object.value;
                return message;
            };

            Any.toObject = function (message, options, _depth) {
                if (!options)
                    options = {};
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let object = {};
                if (options.defaults) {
                    object.type_url = "";
                    if (options.bytes === $String)
                        object.value = "";
                    else {
                        object.value = [];
                        if (options.bytes !== $Array)
                            object.value = $util.newBuffer(object.value);
                    }
                }
                if (message.type_url != null && $Object.hasOwnProperty.call(message, "type_url"))
                    object.type_url = message.type_url;
                if (message.value != null && $Object.hasOwnProperty.call(message, "value"))
                    object.value = options.bytes === $String ? $util.base64.encode(message.value, 0, message.value.length) : options.bytes === $Array ? $Array.prototype.slice.call(message.value) : message.value;
                return object;
            };

            Any.prototype.toJSON = function() {
                return Any.toObject(this, $protobuf.util.toJSONOptions);
            };

            return Any;
        })();

        protobuf.Duration = (function() {

            const Duration = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            Duration.prototype.seconds = $util.Long ? $util.Long.fromBits(0,0,false) : 0;
            Duration.prototype.nanos = 0;

            Duration.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.seconds != null && $Object.hasOwnProperty.call(message, "seconds") && (typeof message.seconds === "object" ? message.seconds.low || message.seconds.high : message.seconds !== 0))
                    writer.uint32(8).int64(message.seconds);
                if (message.nanos != null && $Object.hasOwnProperty.call(message, "nanos") && message.nanos !== 0)
                    writer.uint32(16).int32(message.nanos);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            Duration.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.google.protobuf.Duration();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.int64()) === "object" ? value.low || value.high : value !== 0)
                                message.seconds = value;
                            else
                                delete message.seconds;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.nanos = value;
                            else
                                delete message.nanos;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            Duration.fromObject = function (object, _depth) {
                if (object instanceof $root.google.protobuf.Duration)
                    return object;
                if (!$util.isObject(object))
                    throw $TypeError(".google.protobuf.Duration: object expected");
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let message = new $root.google.protobuf.Duration();
                if (object.seconds != null)
                    if (typeof object.seconds === "object" ? object.seconds.low || object.seconds.high : $Number(object.seconds) !== 0)
                        if ($util.Long)
                            message.seconds = $util.Long.fromValue(object.seconds, false);
                        else if (typeof object.seconds === "string")
                            message.seconds = $parseInt(object.seconds, 10);
                        else if (typeof object.seconds === "number")
                            message.seconds = object.seconds;
                        else if (typeof object.seconds === "object")
                            message.seconds = new $util.LongBits(object.seconds.low >>> 0, object.seconds.high >>> 0).toNumber();
                if (object.nanos != null)
                    if ($Number(object.nanos) !== 0)
                        message.nanos = object.nanos | 0;
                return message;
            };

            Duration.toObject = function (message, options, _depth) {
                if (!options)
                    options = {};
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let object = {};
                if (options.defaults) {
                    if ($util.Long) {
                        let long = new $util.Long(0, 0, false);
                        object.seconds = options.longs === $String ? long.toString() : options.longs === $Number ? long.toNumber() : typeof $BigInt !== "undefined" && options.longs === $BigInt ? long.toBigInt() : long;
                    } else
                        object.seconds = options.longs === $String ? "0" : typeof $BigInt !== "undefined" && options.longs === $BigInt ? $BigInt("0") : 0;
                    object.nanos = 0;
                }
                if (message.seconds != null && $Object.hasOwnProperty.call(message, "seconds"))
                    if (typeof $BigInt !== "undefined" && options.longs === $BigInt)
                        object.seconds = typeof message.seconds === "number" ? $BigInt(message.seconds) : $util.Long.fromBits(message.seconds.low >>> 0, message.seconds.high >>> 0, false).toBigInt();
                    else if (typeof message.seconds === "number")
                        object.seconds = options.longs === $String ? $String(message.seconds) : message.seconds;
                    else
                        object.seconds = options.longs === $String ? $util.Long.prototype.toString.call(message.seconds) : options.longs === $Number ? new $util.LongBits(message.seconds.low >>> 0, message.seconds.high >>> 0).toNumber() : message.seconds;
                if (message.nanos != null && $Object.hasOwnProperty.call(message, "nanos"))
                    object.nanos = message.nanos;
                return object;
            };

            Duration.prototype.toJSON = function() {
                return Duration.toObject(this, $protobuf.util.toJSONOptions);
            };

            return Duration;
        })();

        protobuf.DoubleValue = (function() {

            const DoubleValue = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            DoubleValue.prototype.value = 0;

            DoubleValue.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.value != null && $Object.hasOwnProperty.call(message, "value") && !$Object.is(message.value, 0))
                    writer.uint32(9).double(message.value);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            DoubleValue.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.google.protobuf.DoubleValue();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.value = value;
                            else
                                delete message.value;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            DoubleValue.fromObject = function (object, _depth) {
                if (object instanceof $root.google.protobuf.DoubleValue)
                    return object;
                if (!$util.isObject(object))
                    throw $TypeError(".google.protobuf.DoubleValue: object expected");
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let message = new $root.google.protobuf.DoubleValue();
                if (object.value != null)
                    if (!$Object.is($Number(object.value), 0))
                        message.value = $Number(object.value);
                return message;
            };

            DoubleValue.toObject = function (message, options, _depth) {
                if (!options)
                    options = {};
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let object = {};
                if (options.defaults)
                    object.value = 0;
                if (message.value != null && $Object.hasOwnProperty.call(message, "value"))
                    object.value = options.json && !$isFinite(message.value) ? $String(message.value) : message.value;
                return object;
            };

            DoubleValue.prototype.toJSON = function() {
                return DoubleValue.toObject(this, $protobuf.util.toJSONOptions);
            };

            return DoubleValue;
        })();

        protobuf.FloatValue = (function() {

            const FloatValue = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            FloatValue.prototype.value = 0;

            FloatValue.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.value != null && $Object.hasOwnProperty.call(message, "value") && !$Object.is(message.value, 0))
                    writer.uint32(13).float(message.value);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            FloatValue.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.google.protobuf.FloatValue();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 5)
                                break;
                            if (!$Object.is(value = reader.float(), 0))
                                message.value = value;
                            else
                                delete message.value;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            FloatValue.fromObject = function (object, _depth) {
                if (object instanceof $root.google.protobuf.FloatValue)
                    return object;
                if (!$util.isObject(object))
                    throw $TypeError(".google.protobuf.FloatValue: object expected");
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let message = new $root.google.protobuf.FloatValue();
                if (object.value != null)
                    if (!$Object.is($Number(object.value), 0))
                        message.value = $Number(object.value);
                return message;
            };

            FloatValue.toObject = function (message, options, _depth) {
                if (!options)
                    options = {};
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let object = {};
                if (options.defaults)
                    object.value = 0;
                if (message.value != null && $Object.hasOwnProperty.call(message, "value"))
                    object.value = options.json && !$isFinite(message.value) ? $String(message.value) : message.value;
                return object;
            };

            FloatValue.prototype.toJSON = function() {
                return FloatValue.toObject(this, $protobuf.util.toJSONOptions);
            };

            return FloatValue;
        })();

        protobuf.Int64Value = (function() {

            const Int64Value = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            Int64Value.prototype.value = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

            Int64Value.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.value != null && $Object.hasOwnProperty.call(message, "value") && (typeof message.value === "object" ? message.value.low || message.value.high : message.value !== 0))
                    writer.uint32(8).int64(message.value);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            Int64Value.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.google.protobuf.Int64Value();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.int64()) === "object" ? value.low || value.high : value !== 0)
                                message.value = value;
                            else
                                delete message.value;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            Int64Value.fromObject = function (object, _depth) {
                if (object instanceof $root.google.protobuf.Int64Value)
                    return object;
                if (!$util.isObject(object))
                    throw $TypeError(".google.protobuf.Int64Value: object expected");
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let message = new $root.google.protobuf.Int64Value();
                if (object.value != null)
                    if (typeof object.value === "object" ? object.value.low || object.value.high : $Number(object.value) !== 0)
                        if ($util.Long)
                            message.value = $util.Long.fromValue(object.value, false);
                        else if (typeof object.value === "string")
                            message.value = $parseInt(object.value, 10);
                        else if (typeof object.value === "number")
                            message.value = object.value;
                        else if (typeof object.value === "object")
                            message.value = new $util.LongBits(object.value.low >>> 0, object.value.high >>> 0).toNumber();
                return message;
            };

            Int64Value.toObject = function (message, options, _depth) {
                if (!options)
                    options = {};
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let object = {};
                if (options.defaults)
                    if ($util.Long) {
                        let long = new $util.Long(0, 0, false);
                        object.value = options.longs === $String ? long.toString() : options.longs === $Number ? long.toNumber() : typeof $BigInt !== "undefined" && options.longs === $BigInt ? long.toBigInt() : long;
                    } else
                        object.value = options.longs === $String ? "0" : typeof $BigInt !== "undefined" && options.longs === $BigInt ? $BigInt("0") : 0;
                if (message.value != null && $Object.hasOwnProperty.call(message, "value"))
                    if (typeof $BigInt !== "undefined" && options.longs === $BigInt)
                        object.value = typeof message.value === "number" ? $BigInt(message.value) : $util.Long.fromBits(message.value.low >>> 0, message.value.high >>> 0, false).toBigInt();
                    else if (typeof message.value === "number")
                        object.value = options.longs === $String ? $String(message.value) : message.value;
                    else
                        object.value = options.longs === $String ? $util.Long.prototype.toString.call(message.value) : options.longs === $Number ? new $util.LongBits(message.value.low >>> 0, message.value.high >>> 0).toNumber() : message.value;
                return object;
            };

            Int64Value.prototype.toJSON = function() {
                return Int64Value.toObject(this, $protobuf.util.toJSONOptions);
            };

            return Int64Value;
        })();

        protobuf.UInt64Value = (function() {

            const UInt64Value = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            UInt64Value.prototype.value = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            UInt64Value.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.value != null && $Object.hasOwnProperty.call(message, "value") && (typeof message.value === "object" ? message.value.low || message.value.high : message.value !== 0))
                    writer.uint32(8).uint64(message.value);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            UInt64Value.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.google.protobuf.UInt64Value();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.value = value;
                            else
                                delete message.value;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            UInt64Value.fromObject = function (object, _depth) {
                if (object instanceof $root.google.protobuf.UInt64Value)
                    return object;
                if (!$util.isObject(object))
                    throw $TypeError(".google.protobuf.UInt64Value: object expected");
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let message = new $root.google.protobuf.UInt64Value();
                if (object.value != null)
                    if (typeof object.value === "object" ? object.value.low || object.value.high : $Number(object.value) !== 0)
                        if ($util.Long)
                            message.value = $util.Long.fromValue(object.value, true);
                        else if (typeof object.value === "string")
                            message.value = $parseInt(object.value, 10);
                        else if (typeof object.value === "number")
                            message.value = object.value;
                        else if (typeof object.value === "object")
                            message.value = new $util.LongBits(object.value.low >>> 0, object.value.high >>> 0).toNumber(true);
                return message;
            };

            UInt64Value.toObject = function (message, options, _depth) {
                if (!options)
                    options = {};
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let object = {};
                if (options.defaults)
                    if ($util.Long) {
                        let long = new $util.Long(0, 0, true);
                        object.value = options.longs === $String ? long.toString() : options.longs === $Number ? long.toNumber() : typeof $BigInt !== "undefined" && options.longs === $BigInt ? long.toBigInt() : long;
                    } else
                        object.value = options.longs === $String ? "0" : typeof $BigInt !== "undefined" && options.longs === $BigInt ? $BigInt("0") : 0;
                if (message.value != null && $Object.hasOwnProperty.call(message, "value"))
                    if (typeof $BigInt !== "undefined" && options.longs === $BigInt)
                        object.value = typeof message.value === "number" ? $BigInt(message.value) : $util.Long.fromBits(message.value.low >>> 0, message.value.high >>> 0, true).toBigInt();
                    else if (typeof message.value === "number")
                        object.value = options.longs === $String ? $String(message.value) : message.value;
                    else
                        object.value = options.longs === $String ? $util.Long.prototype.toString.call(message.value) : options.longs === $Number ? new $util.LongBits(message.value.low >>> 0, message.value.high >>> 0).toNumber(true) : message.value;
                return object;
            };

            UInt64Value.prototype.toJSON = function() {
                return UInt64Value.toObject(this, $protobuf.util.toJSONOptions);
            };

            return UInt64Value;
        })();

        protobuf.Int32Value = (function() {

            const Int32Value = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            Int32Value.prototype.value = 0;

            Int32Value.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.value != null && $Object.hasOwnProperty.call(message, "value") && message.value !== 0)
                    writer.uint32(8).int32(message.value);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            Int32Value.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.google.protobuf.Int32Value();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.value = value;
                            else
                                delete message.value;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            Int32Value.fromObject = function (object, _depth) {
                if (object instanceof $root.google.protobuf.Int32Value)
                    return object;
                if (!$util.isObject(object))
                    throw $TypeError(".google.protobuf.Int32Value: object expected");
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let message = new $root.google.protobuf.Int32Value();
                if (object.value != null)
                    if ($Number(object.value) !== 0)
                        message.value = object.value | 0;
                return message;
            };

            Int32Value.toObject = function (message, options, _depth) {
                if (!options)
                    options = {};
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let object = {};
                if (options.defaults)
                    object.value = 0;
                if (message.value != null && $Object.hasOwnProperty.call(message, "value"))
                    object.value = message.value;
                return object;
            };

            Int32Value.prototype.toJSON = function() {
                return Int32Value.toObject(this, $protobuf.util.toJSONOptions);
            };

            return Int32Value;
        })();

        protobuf.UInt32Value = (function() {

            const UInt32Value = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            UInt32Value.prototype.value = 0;

            UInt32Value.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.value != null && $Object.hasOwnProperty.call(message, "value") && message.value !== 0)
                    writer.uint32(8).uint32(message.value);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            UInt32Value.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.google.protobuf.UInt32Value();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.value = value;
                            else
                                delete message.value;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            UInt32Value.fromObject = function (object, _depth) {
                if (object instanceof $root.google.protobuf.UInt32Value)
                    return object;
                if (!$util.isObject(object))
                    throw $TypeError(".google.protobuf.UInt32Value: object expected");
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let message = new $root.google.protobuf.UInt32Value();
                if (object.value != null)
                    if ($Number(object.value) !== 0)
                        message.value = object.value >>> 0;
                return message;
            };

            UInt32Value.toObject = function (message, options, _depth) {
                if (!options)
                    options = {};
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let object = {};
                if (options.defaults)
                    object.value = 0;
                if (message.value != null && $Object.hasOwnProperty.call(message, "value"))
                    object.value = message.value;
                return object;
            };

            UInt32Value.prototype.toJSON = function() {
                return UInt32Value.toObject(this, $protobuf.util.toJSONOptions);
            };

            return UInt32Value;
        })();

        protobuf.BoolValue = (function() {

            const BoolValue = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            BoolValue.prototype.value = false;

            BoolValue.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.value != null && $Object.hasOwnProperty.call(message, "value") && message.value !== false)
                    writer.uint32(8).bool(message.value);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            BoolValue.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.google.protobuf.BoolValue();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.bool())
                                message.value = value;
                            else
                                delete message.value;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            BoolValue.fromObject = function (object, _depth) {
                if (object instanceof $root.google.protobuf.BoolValue)
                    return object;
                if (!$util.isObject(object))
                    throw $TypeError(".google.protobuf.BoolValue: object expected");
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let message = new $root.google.protobuf.BoolValue();
                if (object.value != null)
                    if (object.value)
                        message.value = $Boolean(object.value);
                return message;
            };

            BoolValue.toObject = function (message, options, _depth) {
                if (!options)
                    options = {};
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let object = {};
                if (options.defaults)
                    object.value = false;
                if (message.value != null && $Object.hasOwnProperty.call(message, "value"))
                    object.value = message.value;
                return object;
            };

            BoolValue.prototype.toJSON = function() {
                return BoolValue.toObject(this, $protobuf.util.toJSONOptions);
            };

            return BoolValue;
        })();

        protobuf.StringValue = (function() {

            const StringValue = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            StringValue.prototype.value = "";

            StringValue.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.value != null && $Object.hasOwnProperty.call(message, "value") && message.value !== "")
                    writer.uint32(10).string(message.value);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            StringValue.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.google.protobuf.StringValue();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.value = value;
                            else
                                delete message.value;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            StringValue.fromObject = function (object, _depth) {
                if (object instanceof $root.google.protobuf.StringValue)
                    return object;
                if (!$util.isObject(object))
                    throw $TypeError(".google.protobuf.StringValue: object expected");
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let message = new $root.google.protobuf.StringValue();
                if (object.value != null)
                    if (typeof object.value !== "string" || object.value.length)
                        message.value = $String(object.value);
                return message;
            };

            StringValue.toObject = function (message, options, _depth) {
                if (!options)
                    options = {};
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let object = {};
                if (options.defaults)
                    object.value = "";
                if (message.value != null && $Object.hasOwnProperty.call(message, "value"))
                    object.value = message.value;
                return object;
            };

            StringValue.prototype.toJSON = function() {
                return StringValue.toObject(this, $protobuf.util.toJSONOptions);
            };

            return StringValue;
        })();

        protobuf.BytesValue = (function() {

            const BytesValue = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            BytesValue.prototype.value = $util.newBuffer([]);

            BytesValue.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.value != null && $Object.hasOwnProperty.call(message, "value") && message.value.length)
                    writer.uint32(10).bytes(message.value);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            BytesValue.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.google.protobuf.BytesValue();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.value = value;
                            else
                                delete message.value;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            BytesValue.fromObject = function (object, _depth) {
                if (object instanceof $root.google.protobuf.BytesValue)
                    return object;
                if (!$util.isObject(object))
                    throw $TypeError(".google.protobuf.BytesValue: object expected");
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let message = new $root.google.protobuf.BytesValue();
                if (object.value != null)
                    if (object.value.length)
                        if (typeof object.value === "string")
                            $util.base64.decode(object.value, message.value = $util.newBuffer($util.base64.length(object.value)), 0);
                        else if (object.value.length >= 0)
                            message.value = object.value;
                return message;
            };

            BytesValue.toObject = function (message, options, _depth) {
                if (!options)
                    options = {};
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let object = {};
                if (options.defaults)
                    if (options.bytes === $String)
                        object.value = "";
                    else {
                        object.value = [];
                        if (options.bytes !== $Array)
                            object.value = $util.newBuffer(object.value);
                    }
                if (message.value != null && $Object.hasOwnProperty.call(message, "value"))
                    object.value = options.bytes === $String ? $util.base64.encode(message.value, 0, message.value.length) : options.bytes === $Array ? $Array.prototype.slice.call(message.value) : message.value;
                return object;
            };

            BytesValue.prototype.toJSON = function() {
                return BytesValue.toObject(this, $protobuf.util.toJSONOptions);
            };

            return BytesValue;
        })();

        return protobuf;
    })();

    google.rpc = (function() {

        const rpc = {};

        rpc.Status = (function() {

            const Status = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            Status.prototype.code = 0;
            Status.prototype.message = "";

            Status.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== 0)
                    writer.uint32(8).int32(message.code);
                if (message.message != null && $Object.hasOwnProperty.call(message, "message") && message.message !== "")
                    writer.uint32(18).string(message.message);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            Status.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.google.rpc.Status();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.code = value;
                            else
                                delete message.code;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.message = value;
                            else
                                delete message.message;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            Status.fromObject = function (object, _depth) {
                if (object instanceof $root.google.rpc.Status)
                    return object;
                if (!$util.isObject(object))
                    throw $TypeError(".google.rpc.Status: object expected");
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let message = new $root.google.rpc.Status();
                if (object.code != null)
                    if ($Number(object.code) !== 0)
                        message.code = object.code | 0;
                if (object.message != null)
                    if (typeof object.message !== "string" || object.message.length)
                        message.message = $String(object.message);
                return message;
            };

            Status.toObject = function (message, options, _depth) {
                if (!options)
                    options = {};
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                let object = {};
                if (options.defaults) {
                    object.code = 0;
                    object.message = "";
                }
                if (message.code != null && $Object.hasOwnProperty.call(message, "code"))
                    object.code = message.code;
                if (message.message != null && $Object.hasOwnProperty.call(message, "message"))
                    object.message = message.message;
                return object;
            };

            Status.prototype.toJSON = function() {
                return Status.toObject(this, $protobuf.util.toJSONOptions);
            };

            return Status;
        })();

        return rpc;
    })();

    return google;
})();

export {
  $root as default
};
