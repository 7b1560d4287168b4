import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;

/**
 * A worker that serves GET / on a port of its own, and keeps what its mechanism keeps. It prints
 * the port, and answers each request with three numbers: requests served, bytes that it has
 * leaked, and 0. GET /metrics tells of its heap.
 */
public class Worker {
	static String mechanism;
	static int size;
	static long served, leaked;
	static final Map<Long, Object> kept = new HashMap<>();
	static final List<Runnable> listeners = new ArrayList<>();
	static final Map<Long, Object> cache = new LinkedHashMap<>() {
		@Override
		protected boolean removeEldestEntry(Map.Entry<Long, Object> eldest) {
			return size() > 2000;
		}
	};

	static byte[] leak(int n) {
		leaked += n;
		return new byte[n];
	}

	static void work() {
		switch (mechanism) {
			case "clean" -> {}
			case "map" -> kept.put(served, leak(size));
			case "listener" -> {
				byte[] one = leak(size);
				listeners.add(() -> one[0]++);
			}
			case "direct" -> { // outside of the heap
				ByteBuffer one = ByteBuffer.allocateDirect(size);
				while (one.hasRemaining()) one.put((byte) 1);
				kept.put(served, one);
				leaked += size;
			}
			case "thread" -> {
				if (served % 40 == 0) {
					byte[] one = leak(40 * size);
					Thread t = new Thread(() -> {
						try {
							new CountDownLatch(1).await();
						} catch (InterruptedException e) {
							one[0] = 1;
						}
					});
					t.setDaemon(true);
					t.start();
				}
			}
			case "lru" -> cache.put(served, new byte[4 * size]);
			case "lazy" -> {
				if (kept.size() < 600) kept.put(served, new byte[12 * size]);
			}
			case "jit" -> { // code that gets hot one piece after the other
				for (int i = 0; i < 20; i++) {
					Pattern.compile("(a|b)*" + (char) ('a' + served % 26) + "{1," + (2 + i) + "}").matcher("abababab" + served).find();
					String.format("%d %s %.3f", served, mechanism, Math.sin(served));
				}
			}
			default -> System.exit(2);
		}
	}

	static synchronized String serve() {
		served++;
		byte[] scratch = new byte[64 << 10]; // what every request needs for a moment
		scratch[(int) (served % scratch.length)] = 1;
		work();
		return served + " " + leaked + " 0";
	}

	static void answer(HttpExchange exchange, String text) throws IOException {
		exchange.sendResponseHeaders(200, text.length());
		exchange.getResponseBody().write(text.getBytes());
		exchange.close();
	}

	public static void main(String[] args) throws IOException {
		mechanism = args[0];
		size = Integer.parseInt(args[1]);
		HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
		server.createContext("/", exchange -> answer(exchange, serve()));
		server.createContext("/metrics", exchange -> {
			var heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
			answer(exchange, "jvm_memory_used_bytes{area=\"heap\"} " + heap.getUsed() + "\njvm_memory_committed_bytes{area=\"heap\"} " + heap.getCommitted() + "\n");
		});
		server.start();
		System.out.println("port " + server.getAddress().getPort());
	}
}
