/** argv → one command. */
import { main } from './cli/main.ts';

const code = await main(process.argv.slice(2), {
  env: process.env,
  print: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
});

// A command that failed or is done ends here, whatever it left open; one that runs ends the process itself.
if (code !== undefined) await ended(code);

/** Pipes are written in their own time: wait for what was printed, then go. */
async function ended(exitCode: number): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))),
  );
  process.exit(exitCode);
}
