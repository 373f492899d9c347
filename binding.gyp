{
  "targets": [
    {
      "target_name": "reverse_distillation",
      "type": "none",
      "actions": [
        {
          "action_name": "build",
          "inputs": ["CMakeLists.txt"],
          "outputs": ["build/Release/reverse_distillation.node"],
          "action": ["node", "scripts/setup.mjs", "--build"]
        }
      ]
    }
  ]
}
