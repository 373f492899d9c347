declare module "node-gyp-build" {
  const nodeGypBuild: {
    /** Returns the path of the package's `.node` file in `build/Release` or `prebuilds`. Throws if there is none. */
    path(packageDirectory: string): string;
  };
  export default nodeGypBuild;
}
