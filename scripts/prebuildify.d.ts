declare module "prebuildify" {
  interface Options {
    /** The folder whose `build/Release` contains the files to publish. */
    cwd: string;
    /** The folder where `prebuilds` is created. */
    out: string;
    name: string;
    targets: { runtime: string; target: string }[];
    napi: boolean;
    strip: boolean;
    /** The program that builds. */
    nodeGyp: string;
    tagLibc: boolean;
    quiet: boolean;
  }
  export default function prebuildify(options: Options, done: (error?: Error | null) => void): void;
}
