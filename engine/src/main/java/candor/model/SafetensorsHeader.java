package candor.model;

import candor.BadInput;
import candor.io.JsonFile;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The header of a safetensors file: eight bytes of length, then JSON that gives each tensor's type, shape and place.
 * The places must cover the data exactly, without overlaps or holes, as the format demands.
 *
 * @param entries   the tensors by name, sorted
 * @param metadata  the texts under {@code __metadata__}, sorted
 * @param dataStart where in the file the data begins
 */
record SafetensorsHeader(Map<String, Safetensors.Entry> entries, Map<String, String> metadata, long dataStart) {
    /** The format's own bound on the header. */
    static final long MOST_HEADER_BYTES = 100_000_000;

    static final String METADATA = "__metadata__";

    /** More than the largest model that {@link ModelConfigReader} lets through has. */
    private static final int MOST_TENSORS = 20_000;

    private static final int MOST_NAME = 512;
    private static final int MOST_RANK = 8;
    private static final int MOST_METADATA = 10_000;
    private static final JsonFactory STRICT = JsonFile.strict();
    private static final String AGAIN = "; download the file again";

    static SafetensorsHeader read(Path file, FileChannel channel) throws IOException {
        long size = channel.size();
        if (size < Long.BYTES) {
            throw new BadInput(file + ": is " + size + " bytes long, too short for a safetensors file" + AGAIN);
        }
        ByteBuffer lengthBytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (lengthBytes.hasRemaining()) {
            if (channel.read(lengthBytes) < 0) {
                throw new BadInput(file + ": ends before its header" + AGAIN);
            }
        }
        long length = lengthBytes.getLong(0);
        if (length < 0 || length > MOST_HEADER_BYTES) {
            throw new BadInput(file + ": claims a header of " + Long.toUnsignedString(length)
                    + " bytes, more than the " + MOST_HEADER_BYTES
                    + " that the format allows; check that it is a safetensors file");
        }
        if (length > size - Long.BYTES) {
            throw new BadInput(file + ": claims a header of " + length + " bytes, but only " + (size - Long.BYTES)
                    + " follow: the file is truncated or not in safetensors format" + AGAIN);
        }
        Parser parser = new Parser(file);
        Bounded bytes = new Bounded(Channels.newInputStream(channel), length);
        try (Reader reader = new InputStreamReader(bytes, StandardCharsets.UTF_8.newDecoder());
                JsonParser json = STRICT.createParser(reader)) {
            parser.parse(json);
        } catch (JsonProcessingException e) {
            throw JsonFile.invalid(file, e);
        } catch (CharacterCodingException e) {
            throw new BadInput(file + ": the header is not UTF-8 text" + AGAIN, e);
        }
        long dataStart = Long.BYTES + length;
        parser.checkCovered(size - dataStart);
        return new SafetensorsHeader(
                Collections.unmodifiableMap(parser.entries), Collections.unmodifiableMap(parser.metadata), dataStart);
    }

    /** Reads the header from the stream: what is kept in memory is bounded by the counts above, not by the file. */
    private static final class Parser {
        private final Path file;
        private final Map<String, Safetensors.Entry> entries = new TreeMap<>();
        private final Map<String, String> metadata = new TreeMap<>();

        Parser(Path file) {
            this.file = file;
        }

        void parse(JsonParser json) throws IOException {
            if (json.nextToken() != JsonToken.START_OBJECT
                    || json.currentTokenLocation().getCharOffset() != 0) {
                throw bad("the header does not begin with a JSON object");
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                if (name.length() > MOST_NAME) {
                    throw bad("a tensor's name has " + name.length() + " characters, more than " + MOST_NAME);
                }
                json.nextToken();
                if (name.equals(METADATA)) {
                    metadata(json);
                } else {
                    if (entries.size() == MOST_TENSORS) {
                        throw bad("has more than " + MOST_TENSORS + " tensors");
                    }
                    entries.put(name, entry(json, name));
                }
            }
            if (json.nextToken() != null) {
                throw bad("something follows the JSON object of the header");
            }
        }

        private void metadata(JsonParser json) throws IOException {
            if (json.currentToken() != JsonToken.START_OBJECT) {
                throw bad(METADATA + " is not an object of texts");
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String key = json.currentName();
                if (json.nextToken() != JsonToken.VALUE_STRING) {
                    throw bad(METADATA + " entry " + JsonFile.shorten(key) + " is not a text");
                }
                if (metadata.size() == MOST_METADATA) {
                    throw bad(METADATA + " has more than " + MOST_METADATA + " entries");
                }
                metadata.put(key, json.getText());
            }
        }

        private Safetensors.Entry entry(JsonParser json, String name) throws IOException {
            if (json.currentToken() != JsonToken.START_OBJECT) {
                throw bad("tensor " + name + " is not described by an object");
            }
            String dtype = null;
            List<Long> shape = null;
            List<Long> offsets = null;
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String key = json.currentName();
                JsonToken value = json.nextToken();
                switch (key) {
                    case "dtype" -> {
                        if (value != JsonToken.VALUE_STRING) {
                            throw bad("tensor " + name + ": dtype is not a text");
                        }
                        dtype = json.getText();
                    }
                    case "shape" -> shape = longs(json, name, key, MOST_RANK);
                    case "data_offsets" -> offsets = longs(json, name, key, 2);
                    default -> throw bad("tensor " + name + " has an unknown key " + JsonFile.shorten(key));
                }
            }
            if (dtype == null || shape == null || offsets == null || offsets.size() != 2) {
                throw bad("tensor " + name + " lacks dtype, shape or the two data_offsets");
            }
            return checked(new Safetensors.Entry(name, dtype, List.copyOf(shape), offsets.get(0), offsets.get(1)));
        }

        private List<Long> longs(JsonParser json, String name, String key, int most) throws IOException {
            if (json.currentToken() != JsonToken.START_ARRAY) {
                throw bad("tensor " + name + ": " + key + " is not a list");
            }
            List<Long> values = new ArrayList<>(2);
            while (json.nextToken() != JsonToken.END_ARRAY) {
                if (json.currentToken() != JsonToken.VALUE_NUMBER_INT
                        || json.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                        || json.getLongValue() < 0) {
                    throw bad("tensor " + name + ": " + key + " holds " + JsonFile.shorten(json.getText())
                            + ", expected whole numbers of at least 0");
                }
                if (values.size() == most) {
                    throw bad("tensor " + name + ": " + key + " has more than " + most + " numbers");
                }
                values.add(json.getLongValue());
            }
            return values;
        }

        private Safetensors.Entry checked(Safetensors.Entry entry) {
            int bits = bits(entry.dtype());
            if (bits == 0) {
                throw bad("tensor " + entry.name() + " has the unknown dtype " + JsonFile.shorten(entry.dtype()));
            }
            long needed;
            try {
                needed = bits;
                for (long size : entry.shape()) {
                    needed = Math.multiplyExact(needed, size);
                }
            } catch (ArithmeticException e) {
                throw bad("tensor " + entry.name() + " of shape " + entry.shape() + " is larger than any file");
            }
            if (entry.end() < entry.start()) {
                throw bad("tensor " + entry.name() + " ends at " + entry.end() + ", before its start at "
                        + entry.start());
            }
            if (needed % Byte.SIZE != 0 || entry.bytes() != needed / Byte.SIZE) {
                throw bad("tensor " + entry.name() + ", " + entry.dtype() + " " + entry.shape() + ", has "
                        + entry.bytes() + " bytes, expected " + Math.ceilDiv(needed, Byte.SIZE));
            }
            return entry;
        }

        /** In the order of their places, each tensor must begin where the one before it ends. */
        void checkCovered(long dataBytes) {
            List<Safetensors.Entry> byPlace = new ArrayList<>(entries.values());
            byPlace.sort(Comparator.comparingLong(Safetensors.Entry::start).thenComparingLong(Safetensors.Entry::end));
            long covered = 0;
            for (Safetensors.Entry entry : byPlace) {
                if (entry.start() < covered) {
                    throw bad("tensor " + entry.name() + " at " + entry.start() + " overlaps another, which ends at "
                            + covered);
                }
                if (entry.start() > covered) {
                    throw bad("tensor " + entry.name() + " leaves a hole from " + covered + " to " + entry.start());
                }
                if (entry.end() > dataBytes) {
                    throw bad("tensor " + entry.name() + " ends at " + entry.end() + ", beyond the " + dataBytes
                            + " bytes of data: the file is truncated");
                }
                covered = entry.end();
            }
            if (covered != dataBytes) {
                throw bad(dataBytes - covered + " bytes at the end belong to no tensor");
            }
        }

        private BadInput bad(String what) {
            return new BadInput(file + ": " + what + AGAIN);
        }
    }

    /** Bits of one element of a type that the format knows; 0 for an unknown type. */
    private static int bits(String dtype) {
        return switch (dtype) {
            case "F4" -> 4;
            case "F6_E2M3", "F6_E3M2" -> 6;
            case "BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0" -> 8;
            case "I16", "U16", "F16", "BF16" -> 16;
            case "I32", "U32", "F32" -> 32;
            case "I64", "U64", "F64", "C64" -> 64;
            default -> 0;
        };
    }
}
