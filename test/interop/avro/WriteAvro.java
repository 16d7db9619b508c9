import java.io.File;
import java.io.FileOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.file.CodecFactory;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.EncoderFactory;

/**
 * Writes the rows of fastavro-null.avro, which write_avro.py left in a folder, with Avro's own library, a file a codec:
 * java-CODEC.avro; and java-blocking.avro, whose arrays and maps are in parts that say their size.
 */
public final class WriteAvro {
  private static final String[] CODECS = {"null", "deflate", "snappy", "zstandard", "bzip2", "xz"};
  private static final byte[] MARKER = "grizzly-fixtures".getBytes(StandardCharsets.US_ASCII);
  /** Small, so that the rows are in several blocks. */
  private static final int BLOCK_BYTES = 700;

  private WriteAvro() {}

  public static void main(String[] arguments) throws Exception {
    File folder = new File(arguments[0]);
    List<Object> rows = new ArrayList<>();
    Schema schema;
    File source = new File(folder, "fastavro-null.avro");
    try (DataFileReader<Object> reader = new DataFileReader<>(source, new GenericDatumReader<>())) {
      schema = reader.getSchema();
      reader.forEachRemaining(rows::add);
    }
    for (String codec : CODECS) {
      write(schema, rows, codec, false, new File(folder, "java-" + codec + ".avro"));
    }
    write(schema, rows, "null", true, new File(folder, "java-blocking.avro"));
  }

  private static void write(Schema schema, List<Object> rows, String codec, boolean blocking, File file)
      throws Exception {
    try (DataFileWriter<Object> writer = new DataFileWriter<>(new GenericDatumWriter<>(schema))) {
      writer.setCodec(CodecFactory.fromString(codec)).setSyncInterval(BLOCK_BYTES);
      if (blocking) {
        EncoderFactory parts = new EncoderFactory().configureBlockSize(64);
        writer.setEncoder(out -> parts.blockingBinaryEncoder(out, null));
      }
      writer.create(schema, new FileOutputStream(file), MARKER);
      for (Object row : rows) {
        writer.append(row);
      }
    }
  }
}
